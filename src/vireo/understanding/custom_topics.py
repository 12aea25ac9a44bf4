"""Topics from a user's file, assigned to videos by their own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from pathlib import Path

import numpy as np

from vireo.arrays import Doubles, Floats, Ints
from vireo.errors import ConfigError
from vireo.language import PARTS, VideoTexts
from vireo.language.chunks import sampled_windows
from vireo.language.texts import clean
from vireo.understanding.tokenize import folded_text

DEFAULT_FILE = "topics.txt"
MAX_TOPICS = 500
MAX_NAME = 60
_NO_TOPIC = -1
_MAX_PER_VIDEO = 3
_MAX_CHARACTERS = 400_000  # of one part: more than most films say
_LETTERS = re.compile(r"\w+")

_PART_WEIGHTS: Mapping[str, float] = {
    "title": 3.0,
    "tags": 3.0,
    "description": 2.0,
    "screen": 1.0,
    "dialogue": 0.7,
}
MENTION = 0.1
"""Added to the cosine per mention; mentions count by their logarithm, up to three."""
FITS = 0.35
"""From here on, cosine and mentions together, a topic that a video names is a topic of it."""
NEAR = 0.45
"""From this cosine on, a video stands under a topic that it does not name."""


@dataclass(frozen=True)
class CustomTopic:
    """A topic, and words or phrases that tell it beside its name."""

    name: str
    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Name and words as one text, for the language model."""
        return f"{self.name}: {', '.join(self.words)}" if self.words else self.name

    @property
    def terms(self) -> tuple[str, ...]:
        """Words to find in texts."""
        return (self.name, *self.words)


def read(workspace: Path, name: str) -> tuple[CustomTopic, ...]:
    """The topics of the file, one a line: `name` or `name: word, phrase, ...`.

    Empty lines and lines that begin with # are passed over. Without the file of the default name
    there are none; raises ConfigError for another name without a file, and for a file that is no
    such list.
    """
    path = workspace / Path(name).expanduser()
    if not path.is_file():
        if name in ("", DEFAULT_FILE):
            return ()
        raise ConfigError(
            f"understanding.topic_file names {path}, which is not a file.",
            "Write that file, one topic a line, or take the setting out.",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The list of topics {path} cannot be read: {error}.", "Save it as UTF-8 text."
        ) from None
    topics = tuple(_topics(text, path))
    if len(topics) > MAX_TOPICS:
        raise ConfigError(
            f"The list of topics {path} has {len(topics)} topics; {MAX_TOPICS} are the most.",
            "Leave out the rarest, or delete the file: topics are then discovered.",
        )
    return topics


def _topics(text: str, path: Path) -> Iterator[CustomTopic]:
    known: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, _, words = clean(line).partition(":")
        name = name.strip()
        if line.lstrip().startswith("#") or not clean(line):
            continue
        if not _LETTERS.search(name) or len(name) > MAX_NAME:
            raise ConfigError(
                f"Line {number} of {path} names no topic of at most {MAX_NAME} letters: "
                f"{line[:MAX_NAME]!r}.",
                "Write `name`, or `name: word, phrase`; # begins a remark.",
            )
        if (key := name.casefold()) in known:
            raise ConfigError(
                f"Line {number} of {path} names '{name}' again, after line {known[key]}.",
                "Put its words on one line.",
            )
        known[key] = number
        parts = (word.strip() for word in words.split(","))
        yield CustomTopic(name, tuple(dict.fromkeys(word for word in parts if word)))


def assigned(
    topics: Sequence[CustomTopic], texts: VideoTexts, videos: Floats, names: Floats
) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """The topic that each video stands under, and the topics that its own words tell.

    videos (n, d) and names (t, d): unit rows of one language model -> (n,) rows of `topics` or
    -1, and at most three names per video, best first. A topic fits where the cosine and the
    mentions together reach FITS; without a mention a near vector files a video under a topic,
    which its record then does not claim.
    """
    cosines = (videos @ names.T).astype(np.float64)  # (n, t)
    mentions = _mentions(topics, texts)
    fit = cosines + MENTION * np.minimum(mentions, 3.0)
    fits = (mentions > 0) & (fit >= FITS)
    topic_of = np.full(len(texts), _NO_TOPIC, dtype=np.int64)
    named: list[tuple[str, ...]] = []
    for row in range(len(texts)):
        order = np.argsort(-fit[row], kind="stable")
        own = [place for place in order.tolist() if fits[row, place]]
        named.append(tuple(topics[place].name for place in own[:_MAX_PER_VIDEO]))
        nearest = int(cosines[row].argmax())
        if own:
            topic_of[row] = own[0]
        elif cosines[row, nearest] >= NEAR:
            topic_of[row] = nearest
    return topic_of, tuple(named)


def _mentions(topics: Sequence[CustomTopic], texts: VideoTexts) -> Doubles:
    """(n, t): how plainly each video names each topic; title and tags count most."""
    sought = [_sought(topic) for topic in topics]
    found = np.zeros((len(texts), len(topics)))
    for part in PARTS:
        for row, text in enumerate(texts.part(part)):
            if text:
                spoken = folded_text(sampled_windows(text, _MAX_CHARACTERS))
                counts = [sum(1 for _ in term.finditer(spoken)) for term in sought]
                found[row] += [_PART_WEIGHTS[part] * log1p(count) for count in counts]
    return found


class TopicMatcher:
    """Whether a text has one of the terms of the topic of this name."""

    def __init__(self, topics: Sequence[CustomTopic]) -> None:
        self._sought = {topic.name: _sought(topic) for topic in topics}

    def __call__(self, text: str, name: str) -> bool:
        return self._sought[name].search(folded_text(text)) is not None


def _sought(topic: CustomTopic) -> re.Pattern[str]:
    return re.compile("|".join(map(_pattern, topic.terms)))


def _pattern(term: str) -> str:
    """A term as it stands in a folded text, in the singular or with an s."""
    return f" {re.escape(folded_text(term).strip())}(?:s|es)?(?= )"
