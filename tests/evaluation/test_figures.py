"""Figures: marks stand where the numbers say, equal input gives equal text, names stay text."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from vireo.evaluation.bootstrap import Estimate
from vireo.evaluation.page import figures as plots

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["popularity", "ease", "fused"]
ESTIMATES = {
    "popularity": Estimate(0.1, 0.05, 0.15),
    "ease": Estimate(0.3, 0.2, 0.4),
    "fused": Estimate(0.2),
}


def points(text: str) -> dict[str, tuple[float, float]]:
    """Title -> place of every point that has one."""
    found = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        title, use = group.find(f"{SVG}title"), group.find(f".//{SVG}use")
        if title is not None and use is not None:
            found[str(title.text)] = (float(use.attrib["x"]), float(use.attrib["y"]))
    return found


def looks() -> dict[str, tuple[str, str]]:
    return plots.looks(NAMES, first="fused")


def test_points_stand_where_the_estimates_are() -> None:
    figure = plots.interval_plot({"": ESTIMATES}, looks())
    places = points(plots.inline_svg(figure, "means"))
    assert list(places) == [f"{name}: {value}" for name, value in ESTIMATES.items()]
    (low, top), (high, middle), (half, bottom) = places.values()
    assert half == pytest.approx((low + high) / 2, abs=0.01)
    assert top < middle < bottom, "rows go down"


def test_classes_stand_side_by_side_and_what_is_missing_is_left_out() -> None:
    series: dict[str, list[Estimate | None]] = {
        "fused": [Estimate(0.1), None, Estimate(0.3)],
        "ease": [Estimate(0.2)] * 3,
    }
    figure = plots.class_plot(series, looks(), ["new (0)", "1 to 4", "from 5"], "ndcg@10")
    text = plots.inline_svg(figure, "classes")
    places = [(title.split(":")[0], x, y) for title, (x, y) in points(text).items()]
    heights = {(name, round(y, 1)) for name, _, y in places}
    assert sum(name == "fused" for name, _, _ in places) == 2
    fused = sorted(y for name, y in heights if name == "fused")
    (ease,) = [y for name, y in heights if name == "ease"]
    assert ease == pytest.approx(np.mean(fused), abs=0.1)
    for name in ("fused", "ease", "ndcg@10", "1 to 4"):
        assert f">{name}</text>" in text


def test_trade_offs_have_the_places_of_both_metrics() -> None:
    given = {"popularity": (0.1, 0.2), "ease": (0.3, 0.6), "fused": (0.2, 0.3)}
    figure = plots.trade_off_plot(given, looks(), "coverage", "ndcg@10")
    found = points(plots.inline_svg(figure, "trade-off"))
    assert next(iter(found)) == "popularity: ndcg@10 0.2000, coverage 0.1000"
    (x, y), (x2, y2), (x3, y3) = found.values()
    assert (x3 - x) / (x2 - x) == pytest.approx(0.5, abs=1e-3)
    assert (y3 - y) / (y2 - y) == pytest.approx(0.25, abs=1e-3)
    assert y2 < y, "more is higher"


def test_equal_figures_give_equal_text_and_titles_make_ids_unique() -> None:
    def made(title: str) -> str:
        return plots.inline_svg(plots.interval_plot({"": ESTIMATES}, looks()), title)

    assert made("one") == made("one")
    ids = [set(re.findall(r' id="([^"]*)"', made(title))) for title in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert not re.search(r"<metadata|\b20\d\d-\d\d", made("one")), "no date"


def test_colors_follow_the_theme_of_the_page_and_a_file_has_its_own() -> None:
    figure = plots.interval_plot({"": ESTIMATES}, looks())
    inline = plots.inline_svg(figure, "means")
    assert not re.search(r"(fill|stroke): #", inline)
    assert set(re.findall(r"var\(--(\w+)\)", inline)) >= {"ink", "soft", "rule", "c0", "c1", "c2"}
    assert "var(" not in plots.svg(figure)


@pytest.mark.parametrize(
    "name", ["$x^2$", "$\\frac{", "</text><script>", '" onload="x', "推荐", "_a"]
)
def test_a_name_is_text_and_nothing_else(name: str) -> None:
    own = {name: (plots.PALETTE[0], "o")}
    for figure in (
        plots.interval_plot({name: {name: Estimate(0.1)}}, own),
        plots.class_plot({name: [Estimate(0.1)]}, own, ["all"], name),
        plots.trade_off_plot({name: (0.1, 0.2)}, own, name, name),
    ):
        root = ET.fromstring(plots.inline_svg(figure, name))
        assert name in [text.text for text in root.iter(f"{SVG}text")]
        assert root.attrib["aria-label"] == name
        assert not any("onload" in element.attrib for element in root.iter())
        assert not list(root.iter(f"{SVG}script"))


def test_more_systems_than_colors_still_look_different() -> None:
    many = plots.looks([f"s{at}" for at in range(30)], first="fused")
    assert len(set(many.values())) == 31
