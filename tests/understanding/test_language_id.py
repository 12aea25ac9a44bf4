"""Language identification: no answer for short texts."""

from __future__ import annotations

import pytest

from vireo.understanding.language_id import language_of

KNOWN = {
    "en": "This talk is about how bees find their way home in the evening.",
    "de": "Heute backen wir ein einfaches Brot und lassen den Teig lange ruhen.",
    "fr": "Bonjour \u00e0 tous, voici une recette de soupe pour les soirs d'hiver.",
    "es": "En este vídeo aprendemos a tocar la guitarra, y lo hacemos despacio y con paciencia.",
    "ru": "Сегодня мы говорим о том, как работает сердце.",
    "he": "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "ar": "مرحبا بالعالم، هذا فيديو عن الطبخ في المنزل",
    "ja": "\u6599\u7406\u306e\u52d5\u753b\u3067\u3059",
    "ko": "\uc694\ub9ac \ub3d9\uc601\uc0c1\uc785\ub2c8\ub2e4",
    "el": "\u03ba\u03b1\u03bb\u03b7\u03bc\u03ad\u03c1\u03b1 \u03ba\u03cc\u03c3\u03bc\u03b5",
}


@pytest.mark.parametrize("code", sorted(KNOWN))
def test_a_sentence_tells_its_language(code: str) -> None:
    assert language_of(KNOWN[code]) == code
    assert language_of("", KNOWN[code], "") == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "\U0001f3ac\U0001f37f",
        "12:40",
        "\x00\x01",
        "x" * 5000,
        "qwe asd zxc rty fgh vbn jkl",
    ],
)
def test_where_it_is_not_clear_nothing_is_said(text: str) -> None:
    assert language_of(text) == ""


def test_megabytes_are_not_read() -> None:
    assert language_of((KNOWN["de"] + " ") * 200_000) == "de"
