"""Attributes from text patterns: mood, audience and format, each with a quote.

Narrow rules over English titles, descriptions and tags. They take the video's own word, and only
where it is said of the video ("a hilarious talk", not "a sad man"); where none is, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vireo.understanding.evidence import Evidence, VideoTextSources
from vireo.understanding.tokenize import sentences_of

_FORMATS = (
    "documentary|interview|lecture|tutorial|talk|speech|debate|trailer|review|vlog|podcast|"
    "demonstration|demo|concert|performance|animation|short film|film|movie|cartoon|music video|"
    "lesson|course|webinar|workshop|panel discussion|keynote|sketch|slideshow|walkthrough|"
    "unboxing|livestream|recipe|workout|meditation|conversation|presentation"
)
_TOLD = f"(?:{_FORMATS}|video|clip|episode|series|show|story|tale|comedy|drama|thriller|guide|tips)"
_MOODS = (
    "hilarious|funny|humorous|witty|moving|touching|inspiring|inspirational|uplifting|heartwarming|"
    "heart-warming|heartbreaking|calm|calming|relaxing|soothing|gentle|sad|melancholy|melancholic|"
    "dark|gloomy|tense|suspenseful|thrilling|gripping|scary|frightening|creepy|romantic|playful|"
    "lighthearted|light-hearted|satirical|ironic|emotional|passionate|provocative|angry|joyful|"
    "cheerful|hopeful|nostalgic|poignant|charming|eerie|sobering|haunting|exhilarating"
)
_PEOPLE = (
    "beginners?|kids|children|toddlers|teens|teenagers|students|undergraduates|teachers|educators|"
    "parents|families|adults|seniors|developers|programmers|engineers|designers|scientists|doctors|"
    "nurses|managers|entrepreneurs|researchers|professionals|experts|everyone|newcomers|dummies|"
    "non-specialists|advanced learners|intermediate learners|learners"
)
_STARTERS = "beginners?|dummies|newcomers|kids|toddlers|learners|non-specialists"
"""Audiences that a title may name without the kind of video."""
_NO_ADJECTIVE = "that|which|who|whose|of|in|on|via|with|for|to|by|from|at|about|is|are|was|were|the"
_UP_TO = rf"(?:(?!(?:{_NO_ADJECTIVE})\b)[\w'’-]+,?\s+){{0,%d}}?"

_MOOD = re.compile(rf"(?<![\w-])({_MOODS})\b,?\s+{_UP_TO % 4}\b{_TOLD}\b", re.IGNORECASE)
_FORMAT = re.compile(rf"\b(?:this|our|in an?)\s+{_UP_TO % 5}({_FORMATS})\b", re.IGNORECASE)
_FORMAT_TITLE = re.compile(
    rf"^({_FORMATS})(?:\s*[:|–—]|\s+-|$)|(?:[:|–—(\[]|\s-)\s*{_UP_TO % 2}({_FORMATS})\s*[)\]]?$",
    re.IGNORECASE,
)
_HOW_TO = re.compile(r"^(how to)\b", re.IGNORECASE)
_GROUP = rf"(?:absolute |complete |young |new |older )?(?:{_PEOPLE})"
_AUDIENCE = re.compile(
    rf"\b{_TOLD}\b[^.!?,;]{{0,30}}?\b(?:for|aimed at|intended for)\s+({_GROUP})\b", re.IGNORECASE
)
_AUDIENCE_TITLE = re.compile(
    rf"^(?:how to\s+)?{_UP_TO % 4}(?<=\s)for\s+((?:absolute |complete )?(?:{_STARTERS}))\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(?:\b(?:her|his|their|my|your)\s+$|\b(?:not|never|no|without|neither|nor|isn't|wasn't|hardly|bad|unsuitable|"
    r"unfit|dangerous|wrong)\b|n['’]t\b)[^.!?,;]{0,25}$",
    re.IGNORECASE,
)
_TAG = {
    "mood": re.compile(_MOODS, re.IGNORECASE),
    "format": re.compile(_FORMATS, re.IGNORECASE),
    "audience": re.compile(rf"(?:for )?({_PEOPLE})", re.IGNORECASE),
}
_SUBJECTS_TOLD = """
    film movie animation performance conversation speech debate recipe meditation children kids
    teens students teachers parents adults seniors families engineers designers scientists
    doctors nurses entrepreneurs review calm dark romantic everyone developers managers
    educators researchers experts professionals learners programmers toddlers teenagers
    """
_SUBJECTS = frozenset(_SUBJECTS_TOLD.split())
"""Tags of these names tell what a video is about as often as what it is."""


def extract_attributes(sources: VideoTextSources, language: str) -> tuple[Evidence, ...]:
    """At most one Support each `of` mood, audience and format; its topic is the video's own word.

    Only for texts in English, or in a language that is not known.
    """
    if language not in ("", "en"):
        return ()
    found = (
        _first("mood", sources, (_MOOD,), (_MOOD,)),
        _first("audience", sources, (_AUDIENCE_TITLE, _AUDIENCE), (_AUDIENCE,)),
        _first("format", sources, (_HOW_TO, _FORMAT_TITLE, _FORMAT), (_FORMAT,)),
    )
    return tuple(support for support in found if support is not None)


def _first(
    of: str,
    sources: VideoTextSources,
    in_title: Sequence[re.Pattern[str]],
    in_description: Sequence[re.Pattern[str]],
) -> Evidence | None:
    for pattern in in_title:
        for word in _hits(pattern, sources.texts["title"]):
            return Evidence(word, sources.texts["title"], "title", of=of)
    for sentence in sentences_of(sources.texts["description"]):
        for pattern in in_description:
            for word in _hits(pattern, sentence):
                return Evidence(word, sentence, "description", of=of)
    for tag in sources.texts["tags"].split(", "):
        if _TAG[of].fullmatch(tag) and tag.casefold() not in _SUBJECTS:
            return Evidence(tag.casefold(), tag, "tags", of=of)
    return None


def _hits(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Text of the pattern's group, unless it is negated."""
    for match in pattern.finditer(text):
        if not _NOT.search(text[: match.start(match.lastindex or 0)]):
            yield next(group for group in match.groups() if group).casefold()
