"""Languages: users with stated languages get videos in these, or without a language."""

from __future__ import annotations

from typing import ClassVar

from vireo.arrays import Bools
from vireo.recommend.base import Query
from vireo.recommend.eligibility import EligibilityRule


class Language(EligibilityRule):
    """The column `language`; `en` and `en-GB` are one language, other spellings are not known."""

    name: ClassVar[str] = "language"

    def applies(self) -> bool:
        return not self.catalogue.labels("language").bare.all()

    def mask(self, query: Query) -> Bools | None:
        labels = self.catalogue.labels("language")
        languages = self.key(query)
        if not languages or labels.bare.all():
            return None
        spoken = [label for label in labels.rows_of if _main(label) in languages]
        return labels.bare | labels.carrying(spoken)

    def key(self, query: Query) -> frozenset[str]:
        return frozenset(_main(language) for language in query.attributes.languages)


def _main(language: str) -> str:
    """`en-GB` -> `en`"""
    return language.strip().lower().replace("_", "-").split("-")[0]
