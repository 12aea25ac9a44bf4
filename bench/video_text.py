"""Retrieval of pictures by text: texts of some videos are hidden, then used as queries.

    python -m bench.video_text --data ../shared/data --model MODEL.onnx

70 generated clips of seven actions; the text of a clip is its action, spelled out. Of five parts of
the clips each is hidden once: the map from pictures to texts (recommend/cross_modal.py) is trained
on the others, and each action's words are a query for the hidden clips. Reported is the share of
right clips among the first two of each action's two (precision at 2), and how often the first one
is right.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.video_quality import BY_LOOKS, POOLING, actions, through, vectors
from bench.write_result import made_by, tell
from vireo.arrays import Floats
from vireo.config import Config
from vireo.engine import Context, EngineSection, NullProgress
from vireo.engine.serial import Serial
from vireo.language import MODELS
from vireo.recommend.cross_modal import learn
from vireo.video import ENCODERS
from vireo.video.base import DIALOGUE_SCHEMA, FEATURE_SCHEMA, VideoFeatures, VideoSection

SENTENCES = {
    "Clapping": "a person claps their hands",
    "Meet_and_Split": "people meet and then go apart",
    "Sitting": "a person sits on a chair",
    "Standing_Still": "a person stands still",
    "Walking": "a person walks",
    "Walking_While_Reading_Book": "a person reads a book while walking",
    "Walking_While_Using_Phone": "a person looks at a phone while walking",
}
PARTS = 5


def seen(picture: Floats) -> VideoFeatures:
    """Features of pictures alone."""
    count = len(picture)
    return VideoFeatures(
        table=pl.DataFrame(schema=FEATURE_SCHEMA),
        picture=picture,
        has_picture=np.ones(count, np.bool_),
        audio=np.zeros((count, 0), np.float32),
        has_audio=np.zeros(count, np.bool_),
        dialogue=pl.DataFrame(schema=DIALOGUE_SCHEMA),
        info={},
    )


def searched(picture: Floats, words: Floats, topic: Floats) -> dict[str, Any]:
    """(n, p) pictures, (t, d) vectors of the words, (n,) which words are a clip's own."""
    part = np.zeros(len(topic), np.int64)
    for one in np.unique(topic):  # two of the ten clips of each action in every part
        rows = np.flatnonzero(topic == one)
        part[rows] = np.arange(len(rows)) % PARTS
    right, first, asked, learnt = 0.0, 0, 0, 0
    agreements = []
    for hidden in range(PARTS):
        text = np.where((part == hidden)[:, None], 0.0, words[topic]).astype(np.float32)
        sight, report = learn(seen(picture), text, seed=0)
        out = np.flatnonzero(part == hidden)
        learnt += sight is not None
        agreements.append(report.get("agreement", 0.0))
        for one, vector in enumerate(words):
            asked += 1
            if sight is None:
                continue
            own = int((topic[out] == one).sum())
            order = out[np.argsort(-sight.scores(vector, len(topic))[out], kind="stable")]
            right += float((topic[order[:own]] == one).mean())
            first += int(topic[order[0]] == one)
    return {
        "searches": asked,
        "maps learnt": f"{learnt} of {PARTS}",
        "agreement on held-out texts": round(float(np.mean(agreements)), 3),
        "precision at 2": round(right / asked, 3),
        "first is right": round(first / asked, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("bench/results/video_text.json"))
    parser.add_argument("--model", type=Path, required=True, help="an ONNX image model")
    parser.add_argument("--frames", type=int, default=16)
    options = parser.parse_args()
    section = VideoSection(encoder="onnx", model=str(options.model), frames=options.frames)
    encoder: Any = ENCODERS.get("onnx")(section, None, None)
    films, labels = actions(options.data / "clips", encoder.resolution, options.frames)
    describe = through(encoder)
    described = [describe(film) for film in films]
    with tempfile.TemporaryDirectory() as folder:
        context = Context(Serial(EngineSection()), Path(folder), NullProgress(), 0)
        words = MODELS.get("minilm")(Config().language, context).embed(list(SENTENCES.values()))
    topic = np.array([list(SENTENCES).index(label) for label in labels])
    figures: dict[str, Any] = {"chance": round(1 / len(SENTENCES), 3)}
    for looks in ("0", "1"):
        picture = vectors(described, BY_LOOKS[looks], POOLING)
        figures[f"onnx MobileNetV2, looks = {looks}"] = searched(picture, words, topic)
    tell({**made_by("bench.video_text"), "figures": figures}, options.out)


if __name__ == "__main__":
    main()
