"""The rooms' public names load no heavy library."""

from __future__ import annotations

import subprocess
import sys

_CHILD = """
import sys
import vireo.language, vireo.language.minilm, vireo.language.hf_encoder, vireo.language.contract
import vireo.pretraining, vireo.pretraining.corpus, vireo.pretraining.plot, vireo.pretraining.build
import vireo.understanding, vireo.understanding.build
heavy = {"torch", "transformers", "tokenizers", "matplotlib", "sentence_transformers"}
print(sorted(heavy & set(sys.modules)))
"""


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
