"""Scenes: animated pictures of each topic, one module per topic."""

from vireo.demo.scenes.astronomy import astronomy
from vireo.demo.scenes.base import Draw, Scene
from vireo.demo.scenes.chess import chess
from vireo.demo.scenes.cooking import cooking
from vireo.demo.scenes.football import football
from vireo.demo.scenes.gardening import gardening
from vireo.demo.scenes.history import history
from vireo.demo.scenes.jazz import jazz
from vireo.demo.scenes.mountains import mountains
from vireo.demo.scenes.painting import painting
from vireo.demo.scenes.pets import pets
from vireo.demo.scenes.sea import sea
from vireo.demo.scenes.trains import trains

_PAINTERS = (astronomy, chess, cooking, football, gardening, history, jazz, mountains, painting)
SCENES: dict[str, Scene] = {scene.__name__: scene for scene in (*_PAINTERS, pets, sea, trains)}

__all__ = ["SCENES", "Draw", "Scene"]
