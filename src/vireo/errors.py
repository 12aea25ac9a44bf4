"""Errors of Vireo: each says what happened and what to type next.

VireoError                  something that a user can act upon
|-- InputError              a table, a file, an id or an argument is wrong   (exit code 2)
|   |-- ConfigError         vireo.toml: unknown key, wrong type, impossible value
|   |-- UnknownVideo        a video id that is not in the catalogue
|   |-- UnknownPart         a reader, encoder, model or rule that no registry has
|   `-- Busy                another command holds the workspace
|-- NotBuilt                an artifact is needed that was not built yet     (exit code 2)
|   `-- OutdatedArtifact    an earlier version of Vireo made the artifact    (exit code 2)
|-- CorruptArtifact         a file of an artifact differs from its manifest  (exit code 1)
|-- StageFailed             a stage could not finish                         (exit code 1)
|   `-- DatabaseFailed      the database does not answer, or refuses         (exit code 1)
`-- MissingLibrary          an optional library is not installed             (exit code 1)
"""

from __future__ import annotations


class VireoError(Exception):
    """Base error: `what` happened, with the value, and a `hint` what to type next."""

    exit_code = 1

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(f"{what}\n{hint}" if hint else what)
        self.what = what
        self.hint = hint


class InputError(VireoError):
    """A table, a file, an id or an argument cannot be used."""

    exit_code = 2


class ConfigError(InputError):
    """vireo.toml holds an unknown key, a wrong type or an impossible value."""


class UnknownVideo(InputError):
    """A video id that is not in the catalogue."""


class UnknownPart(InputError):
    """A name that is not in its registry."""


class Busy(InputError):
    """Another command holds the workspace."""


class NotBuilt(VireoError):
    """A needed artifact was not built yet."""

    exit_code = 2


class OutdatedArtifact(NotBuilt):
    """An earlier version of Vireo made the artifact; this one cannot read it."""


class CorruptArtifact(VireoError):
    """A file of an artifact differs from its manifest."""


class StageFailed(VireoError):
    """A stage of the pipeline could not finish."""


class DatabaseFailed(StageFailed):
    """The database does not answer or refuses.

    `public_message` holds no host and no user, so that an API may return it.
    """

    def __init__(self, what: str, hint: str, public_message: str) -> None:
        super().__init__(what, hint)
        self.public_message = public_message


class MissingLibrary(VireoError):
    """An optional library is not installed."""
