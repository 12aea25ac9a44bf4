"""A published build as a service holds it: vectors that are equal lie in memory once, and experts
that no list asks are left out.

Artefacts stand alone, so the same (n, d) rows are in several of them; with 100,000 videos each copy
takes 150 to 250 MB.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import InterestModel
from vireo.interest.content import ByContent
from vireo.recommend.catalogue import Catalogue
from vireo.serving.snapshot import BuildSnapshot

ALWAYS = ("content", "popularity", "recent-popularity")
"""Experts used without a weight: for new videos and for cold-start users."""
_BLOCK = 4_096
_SAME = 1e-6


def share_arrays(base: BuildSnapshot) -> BuildSnapshot:
    """The same build, loaded."""
    # Step by step, so that what is doubled is let go of before the rest is loaded. The catalogue
    # was written with the model's content, so its own need not wait in memory to be compared.
    text = _one(base.catalogue.text, base.understanding.vectors)
    nothing = np.zeros((0, 0), dtype=np.float32)
    base = base.replace(catalogue=replace(base.catalogue, text=text, content=nothing))
    model = heard(base.model)
    catalogue = replace(base.catalogue, content=model.content)
    return base.replace(model=with_unit_rows(model, catalogue), catalogue=catalogue)


def heard(model: InterestModel) -> InterestModel:
    """The model with the experts that lists may ask."""
    asked = {*model.active(has_cold_items=True), *ALWAYS}
    kept = {name: expert for name, expert in model.experts.items() if name in asked}
    return replace(model, experts=kept)


def _one(array: Floats, other: Floats) -> Floats:
    """`other` in the place of an array that is equal, but for the last bits."""
    if array.shape != other.shape:
        return array
    for start in range(0, len(array), _BLOCK):  # a comparison at once takes as much memory again
        part = slice(start, start + _BLOCK)
        if float(np.abs(array[part] - other[part]).max(initial=0.0)) > _SAME:
            return array
    return other


def with_unit_rows(model: InterestModel, catalogue: Catalogue) -> InterestModel:
    """The model whose experts by content read the rows that similarity reads."""
    experts = {
        name: replace(expert, rows=_one(expert.rows, catalogue.unit_content))
        if isinstance(expert, ByContent)
        else expert
        for name, expert in model.experts.items()
    }
    return replace(model, experts=experts)
