"""Scenes: pictures of a video by topic, one file per topic, one line in the registry."""

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

SCENES: dict[str, Scene] = {
    "astronomy": astronomy,
    "chess": chess,
    "cooking": cooking,
    "football": football,
    "gardening": gardening,
    "history": history,
    "jazz": jazz,
    "mountains": mountains,
    "painting": painting,
    "pets": pets,
    "sea": sea,
    "trains": trains,
}

__all__ = ["SCENES", "Draw", "Scene"]
