"""Tokens, sentences and stop words."""

from __future__ import annotations

import re

import polars as pl

from vireo.language.chunks import JOINT

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LETTERS = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])")
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "st", "vs", "prof", "jr", "sr", "e.g", "i.e", "etc"}
)
_MAX_SENTENCE = 40  # words: subtitles without full stops are cut
_MAX_WORD = 40  # characters
_MAX_CLAUSE = 200

_SMALL_WORDS = """
    a about above after again against all almost along also although always am among an and
    another any anybody anyone anything are aren't around as at away back be became because become
    becomes been before began begin begins being below between both but by came can can't cannot
    come comes could couldn't did didn't do does doesn't doing don't done down during each either
    else enough etc even ever every everybody everyone everything few find finds first for from
    further get gets getting give gives go goes going gone gonna got had hadn't has hasn't have
    haven't having he he'd he'll he's her here here's hers herself him himself his how however i
    i'd i'll i'm i've if in instead into is isn't it it's its itself just keep keeps kind know
    known last later least less let let's like likely little long look looks lot made make makes
    making many may maybe me meanwhile might more most much must my myself near need needs
    never new next no nobody none nor not nothing now of off often oh ok okay on once one ones
    only onto or other others our ours out over own part per perhaps put quite rather really right
    said same say says see seem seems seen several shall she she'd she'll she's should shouldn't
    show shows since so some somebody someone something soon still such sure take taken takes than
    that that's the their theirs them themselves then there there's these they they'd they'll
    they're they've thing things think this those though three through thus to together too took
    toward towards tries try trying two under until up upon us use used uses using very via video
    videos want wants was wasn't way we we'd we'll we're we've well went were weren't what what's
    when where whether which while who who's whole whom whose why will with within without won't
    would wouldn't yeah yes yet you you'd you'll you're you've your yours yourself
    """
STOPWORDS = frozenset(_SMALL_WORDS.split())
"""English words that name no topic; other languages are covered by how common a word is."""


def tokens_of(text: str) -> list[str]:
    """The words of a text as they are written, without punctuation."""
    return _TOKEN.findall(text)


def folded(word: str) -> str:
    """The form in which words are compared: lower case, without the possessive ("Andy's")."""
    return word.casefold().replace("’", "'").removesuffix("'s")


def folded_text(text: str) -> str:
    """Words alone in lower case, between single spaces, one at either end."""
    return " " + " ".join(_LETTERS.findall(text.casefold())) + " "


def names_in(people: pl.Series) -> frozenset[str]:
    """The folded words of the names in a column of lists of names."""
    names = people.explode().drop_nulls().unique()
    return frozenset(folded(word) for name in names for word in tokens_of(name))


def is_content(word: str) -> bool:
    """Whether a folded word may stand for a topic: letters, no stopword, of a word's length."""
    return 1 < len(word) <= _MAX_WORD and word not in STOPWORDS and not word[0].isdigit()


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each a verbatim piece of it of at most 40 words.

    What a JOINT cuts in two is left out: its halves would be said in one breath.
    """
    found: list[str] = []
    windows = text.split(JOINT)
    for place, window in enumerate(windows):
        own = _sentences(window)
        end = len(own) if place == len(windows) - 1 else len(own) - 1
        found += own[1 if place else 0 : end]
    return found


def _sentences(text: str) -> list[str]:
    pieces: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        before = text[start : end.start()].rstrip(".").rsplit(" ", 1)[-1].casefold()
        if len(before) == 1 or before.lstrip("(\"'") in _ABBREVIATIONS:
            continue  # "Mr. Bean", "J. Doe": no end of a sentence
        pieces.append(text[start : end.end()].strip())
        start = end.end()
    pieces.append(text[start:].strip())
    return [part for piece in pieces for part in _cut(piece) if _is_readable(part)]


def _cut(sentence: str) -> list[str]:
    words = sentence.split(" ")
    return [
        " ".join(words[start : start + _MAX_SENTENCE])
        for start in range(0, len(words), _MAX_SENTENCE)
    ]


def _is_readable(sentence: str) -> bool:
    """Not empty, and no endless string of letters; Chinese or Thai writes whole clauses as one."""
    return bool(sentence) and max(map(len, sentence.split(" "))) <= _MAX_CLAUSE
