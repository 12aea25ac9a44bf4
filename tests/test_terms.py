"""Retired terms: words of an earlier vocabulary that the field does not use, and their field terms.

A line of `src`, `docs` or the README may hold one only if `EXCEPTIONS` says why.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RETIRED = {
    r"(un)?wanted": "positive (interaction), interacted, asked for",
    r"told": "stated, explicit, reported",
    r"nobody|somebody|everybody|whom|whoever": "user, cold-start user, anonymous session",
    r"stranger|strangers|newcomer|newcomers": "cold-start user, cold item",
    r"chorus|courts?": "ensemble, access rights",
    r"shelf|shelves": "cache, store, archive",
    r"desks?": "scheduler, queue",
    r"crowds?": "batch, all users",
    r"tongues?": "language",
    r"ears?": "audio encoder, ASR",
    r"roads?|rooms?|nouns?|menus?": "pipeline, package, output, registry",
    r"ground": "build context",
    r"met": "seen, interacted",
    r"wish|wishes|wished": "positive interaction, query, optional input",
    r"faded?|fades|fading": "decay, discount",
    r"anew|lately|of late|one and all": "again, recently, all",
    r"speaks?|speaking|is heard|are heard": "is active, has non-constant scores",
    r"opinions?": "scores, contributions",
    r"that writes": "LLM",
    r"beyond noise": "significant at 95%",
    r"likeness|likenesses|alike": "similarity, similar",
    r"handover": "content prior",
}
EXCEPTIONS: dict[str, dict[str, str]] = {
    "src/vireo/config/renamed.py": {
        '"handover": "content_prior_users"': "old key of the renamed setting",
        '"ear": "audio_encoder"': "old key of the renamed setting",
    },
    "src/vireo/evaluation/report.py": {
        "all videos that the user has not met": "stored in reports; `vireo compare` reads it",
    },
    "src/vireo/recommend/explain/grounding.py": {
        "view viewer viewers want wanted": "function words"
    },
    "src/vireo/recommend/explain/templates.py": {
        "Chosen for everybody by the editors": "a reason that viewers read",
    },
    "src/vireo/understanding/attributes.py": {"newcomers": "a word of English titles"},
    "src/vireo/understanding/tokenize.py": {
        "everybody everyone": "an English stop word",
        "no nobody none": "an English stop word",
        "somebody someone": "an English stop word",
        "whole whom whose": "an English stop word",
    },
    "src/vireo/testing.py": {"Finding good ground": "a sample text about anchoring"},
}
"""Path -> part of the line -> why the word stays."""
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in RETIRED), re.IGNORECASE)
SUBJECT = re.compile(r'"""(?:What|Whom?|Whoever|Whatever)\b|\bthe same\.?"""', re.IGNORECASE)
KINDS = (".py", ".md", ".html", ".css", ".js", ".toml", ".txt")


def _areas() -> list[str]:
    packages = [p.name for p in (ROOT / "src/vireo").iterdir() if (p / "__init__.py").exists()]
    return [*sorted(packages), "(modules)", "docs"]


def _files(area: str) -> list[Path]:
    source = ROOT / "src/vireo"
    if area == "(modules)":
        return sorted(source.glob("*.py"))
    if area == "docs":
        return sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    texts = source / "demo/topics"  # titles and dialogue of the generated videos
    files = sorted(p for p in (source / area).rglob("*") if p.suffix in KINDS)
    return [path for path in files if texts not in path.parents]


@pytest.mark.parametrize("area", _areas())
def test_only_terms_of_the_field(area: str) -> None:
    found = []
    for path in _files(area):
        allowed = EXCEPTIONS.get(str(path.relative_to(ROOT)), {})
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            bad = PATTERN.search(line) or (path.suffix == ".py" and SUBJECT.search(line))
            if bad and not any(part in line for part in allowed):
                found.append(f"{path.relative_to(ROOT)}:{number}: {bad[0]}: {line.strip()[:100]}")
    assert not found, f"{len(found)} lines\n" + "\n".join(found)


def test_exceptions_are_used_and_say_why() -> None:
    for name, parts in EXCEPTIONS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for part, why in parts.items():
            assert part in text, f"{name}: {part!r} is gone"
            assert PATTERN.search(part), part
            assert len(why) > 10
