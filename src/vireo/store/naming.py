"""How viewers are named in a store: by their own ids, or by pseudonyms of one key."""

from __future__ import annotations

from typing import Protocol


class Naming(Protocol):
    """The part of a store that says under which names viewers are kept."""

    def pseudonym_of(self, user_id: str) -> str:
        """The name under which the viewer is kept: the id, or a pseudonym of it."""
        ...

    def pseudonym_key(self) -> str:
        """The fingerprint of the key that names viewers; empty where they keep their ids."""
        ...

    def set_pseudonym_key(self, fingerprint: str) -> None:
        """From now on viewers are named by this key."""
        ...

    def has_plain_ids(self) -> bool:
        """Whether anything is kept under the name of a viewer."""
        ...
