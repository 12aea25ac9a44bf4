"""The recommenders over one set of nouns: the usual one, and those of variants and presets."""

from __future__ import annotations

from vireo.config import Config
from vireo.recommend.recommender import Recommender
from vireo.serving.experiments import CONTROL, settings_of
from vireo.serving.snapshot import Snapshot


class Recommenders:
    """Made when they are first asked for; many threads may ask at once."""

    def __init__(self, nouns: Snapshot, config: Config, before: Recommenders | None = None) -> None:
        self._nouns = nouns
        self._config = config
        self._made: dict[str, Recommender] = {}
        # Where only counts of viewers have changed, what was derived of the models is taken over.
        same = before is not None and before._nouns.model is nouns.model
        self._before = dict(before._made) if before is not None and same else {}

    def get(self, name: str = "") -> Recommender:
        """The one of a variant or a preset; "": the usual one. Raises InputError for no name."""
        name = "" if name == CONTROL else name
        if name not in self._made:
            section, least = settings_of(self._config, name), self._config.privacy.min_group_size
            catalogue, model = self._nouns.catalogue, self._nouns.model
            before = self._before.pop(name, None)
            writer = self._nouns.generator if section.reranker.enabled else None
            self._made[name] = Recommender(catalogue, model, section, writer, least, before)
        return self._made[name]

    def is_ready(self, name: str = "") -> bool:
        """Whether this one is made already, and asks no model that writes."""
        made = self._made.get("" if name == CONTROL else name)
        return made is not None and made.shelves.writer is None
