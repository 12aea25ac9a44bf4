"""The checker: a sentence passes only if it names nothing outside the facts.

Strict on purpose: every word and number must stand in the facts or be one of a short list of
words that name nothing. A true sentence in unusual words is refused, too; the template's is then
shown instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAMELESS = """
a about after again all also although an and another any are as at be because been before being
both but by can close could do does each enjoy enjoyed enjoys especially even ever every favorites
find first fits follow for from gave give given go good had has have here history how i if in
interest interested interests into is it its just kind know like liked likes list lot love loved
loves many may might more most mostly much near new next no not now of often on one ones only or
other others our out over own part popular probably really recent recently recommend recommended
right same saw see seem seems seen similar since so some something such take taste tends than that
the their them then there these they thing things this those time to too topic topics try two
unlike up us very video videos view viewer viewers want wanted was watch watched watches watching
we well were what when where which while who why will with words would yet you your yours
"""
PLAIN = frozenset(_NAMELESS.split())
"""Words that name nothing."""
_WORD = re.compile(r"\w+(?:['’]\w+)*", re.UNICODE)
_QUOTED = re.compile(r"[“\"«]([^”\"»]+)[”\"»]")


def named_outside(sentence: str, facts: Sequence[str]) -> list[str]:
    """Names in the sentence that the facts lack; empty if the sentence may be shown.

    Quoted text must stand in the facts as it is; other words may come in any order.
    """
    known = " ".join(facts)
    quoted = [text for text in _QUOTED.findall(sentence) if text not in known]
    allowed = PLAIN | set(_words(known))
    return quoted + [word for word in _words(sentence) if word not in allowed]


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]
