"""Moving: what a workspace serves goes back to an earlier build, to another machine, or comes."""

from __future__ import annotations

from vireo.artifacts import Live
from vireo.artifacts.remote import Copied, Elsewhere
from vireo.engine import Progress
from vireo.workspace.privacy import Rights


class Moving(Rights):
    """The methods of Workspace that change what is served without building."""

    live: Live
    _progress: Progress

    def rollback(self) -> dict[str, str]:
        """Serve what was published before."""
        stages = self.live.rollback()
        self._look_again()
        return stages

    def push(self, url: str) -> Copied:
        """Copy what is served to a URL of fsspec; what is not served leaves it.

        Raises NotBuilt, InputError where the place cannot be used.
        """
        with self._alone():
            return Elsewhere(url).push(self.artifacts, self.live, self._progress)

    def pull(self, url: str) -> Copied:
        """Fetch and serve what was pushed to a URL.

        Raises InputError where there is nothing, CorruptArtifact where it is damaged.
        """
        with self._alone():
            copied = Elsewhere(url).pull(self.artifacts, self.live, self._progress)
        self._look_again()
        return copied
