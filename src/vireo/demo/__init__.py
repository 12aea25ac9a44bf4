"""Demo: generated video files, tables and users with known tastes.

Stages read its files only: no stage imports this package.
"""

from vireo.demo.base import World
from vireo.demo.world import make_world

__all__ = ["World", "make_world"]
