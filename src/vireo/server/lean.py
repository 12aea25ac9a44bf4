"""A published build as a service holds it: vectors that are equal lie in memory once.

Artefacts stand alone, so the same (n, d) rows are in several of them; with 100,000 videos each copy
takes 150 MB.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vireo.arrays import Floats
from vireo.interest.base import InterestModel
from vireo.interest.content import Content
from vireo.published import Published
from vireo.recommend.catalogue import Catalogue


def lean(base: Published) -> Published:
    """The same build, loaded."""
    # Step by step, so that what is doubled is let go of before the rest is loaded.
    catalogue = replace(base.catalogue, text=_one(base.catalogue.text, base.understanding.vectors))
    base = base.changed(catalogue=catalogue)
    model = base.model
    catalogue = replace(catalogue, content=_one(catalogue.content, model.content))
    return base.changed(model=with_unit_rows(model, catalogue), catalogue=catalogue)


def _one(array: Floats, other: Floats) -> Floats:
    """`other` in the place of an equal array."""
    return other if np.array_equal(array, other) else array


def with_unit_rows(model: InterestModel, catalogue: Catalogue) -> InterestModel:
    """The model whose content expert reads the rows that similarity reads."""
    experts = {
        name: Content(_one(expert.rows, catalogue.unit_content))
        if isinstance(expert, Content)
        else expert
        for name, expert in model.experts.items()
    }
    return replace(model, experts=experts)
