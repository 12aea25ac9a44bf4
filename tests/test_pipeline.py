"""What changes no result changes no recipe; what a model writes concerns the stage that asks it."""

from __future__ import annotations

from vireo.config import Config
from vireo.pipeline import STAGES


def test_limits_and_keys_are_outside_the_recipe() -> None:
    plain = Config()
    changed = Config.of(
        {
            "language": {
                "batch_tokens": 1,
                "generation": {"timeout_seconds": 1.0, "max_total_tokens": 5},
            }
        }
    )
    assert changed.language.recipe() == plain.language.recipe()
    assert changed.language.generation.recipe() == plain.language.generation.recipe()
    assert changed.language.generation.model_dump()["timeout_seconds"] == 1.0


def test_another_author_concerns_understanding_alone() -> None:
    plain, other = Config(), Config.of({"language": {"generation": {"cache_version": 1}}})
    assert other.language.recipe() == plain.language.recipe()
    assert other.language.generation.recipe() != plain.language.generation.recipe()
    asking = [name for name, row in STAGES.items() if "language.generation" in row.sections]
    assert asking == ["understanding"]
