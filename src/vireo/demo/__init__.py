"""A small world, generated as files: real videos and tables, tastes known to nobody else.

The generator and the road share nothing but files: no stage imports this room.
"""

from vireo.demo.base import World
from vireo.demo.world import make_world

__all__ = ["World", "make_world"]
