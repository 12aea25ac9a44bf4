"""The report: right answers by construction, honest counts, comparison in words, files on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from vireo.data.base import EVENT_SCHEMA
from vireo.engine.base import Context, EngineSection
from vireo.engine.progress import NullProgress
from vireo.engine.serial import Serial
from vireo.errors import InputError, UnknownPart
from vireo.evaluation import Report, evaluate
from vireo.evaluation.export import save
from vireo.evaluation.page.html import page as html_page
from vireo.evaluation.targets import targets_of
from vireo.interest.base import EaseSection, InterestModel, InterestSection, Training
from vireo.interest.build import fit
from vireo.interest.contract import training_of

VIDEO_IDS = [f"v{i}" for i in range(24)]


def heldout(*rows: dict[str, Any]) -> pl.DataFrame:
    filled = [{"event": "view", "timestamp": 1, "sequence": i} | r for i, r in enumerate(rows)]
    return pl.DataFrame(
        [[row.get(name) for name in EVENT_SCHEMA] for row in filled],
        schema=EVENT_SCHEMA,
        orient="row",
    )


def world() -> tuple[Training, pl.DataFrame]:
    """Even users like even videos, odd users odd ones; one liked video of each is held out."""
    rng = np.random.default_rng(7)
    users, rows = [], []
    for user in range(80):
        liked = [int(video) for video in rng.permutation(np.arange(user % 2, 24, 2))[:8]]
        users.append(liked[:7])
        rows.append({"user_id": f"user-{user}", "video_id": f"v{liked[7]}"})
    return training_of(users, 24), heldout(*rows)


@pytest.fixture
def model(tmp_path: Path) -> InterestModel:
    section = InterestSection(experts=("popularity", "ease"), ease=EaseSection(regularization=5.0))
    return fit(
        world()[0], section, Context(Serial(EngineSection()), tmp_path, NullProgress(), seed=0)
    )


def report_of(model: InterestModel, table: pl.DataFrame | None = None, **options: Any) -> Report:
    training, held = world()
    return evaluate(
        model, training.histories, VIDEO_IDS, held if table is None else table, **options
    )


def test_the_taste_is_found_and_popularity_is_not(model: InterestModel) -> None:
    report = report_of(model, ks=(5, 10), split={"protocol": "leave-one-out"})
    assert list(report.systems) == ["popularity", "ease", "fused"]
    # of five unseen videos of the own kind, the target is among the first five
    assert report.systems["ease"]["hit_rate@5"].mean > 0.95
    assert report.systems["popularity"]["hit_rate@5"].mean < 0.7
    estimate = report.systems["popularity"]["ndcg@10"]
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < estimate.mean < estimate.high
    assert report.protocol["users"] == 80


def test_a_comparison_speaks(model: InterestModel) -> None:
    report = report_of(model)
    comparison = report.against("popularity", "ease")
    assert comparison.shown
    assert str(comparison).startswith(f"ease {comparison.value:.4f} against popularity ")
    assert " ndcg@10: +" in str(comparison)
    assert "(95% interval +" in str(comparison)
    same = report.against("ease", "ease", "hit_rate@10")
    assert not same.shown
    assert "no difference shown" in str(same)
    for wrong in ({"name": "nothing"}, {"name": "ease", "metric": "coverage@10"}):
        with pytest.raises(InputError):
            report.against(**wrong)


def test_the_same_seed_gives_the_same_report(model: InterestModel) -> None:
    assert report_of(model).as_json() == report_of(model).as_json()


def test_strangers_are_evaluated_and_everything_left_out_is_counted(model: InterestModel) -> None:
    training, _ = world()
    seen = VIDEO_IDS[int(training.histories.of("user-0").videos[0])]
    fresh = next(v for v in VIDEO_IDS if int(v[1:]) not in training.histories.of("user-0").videos)
    table = heldout(
        {"user_id": "user-0", "video_id": seen},
        {"user_id": "user-0", "video_id": fresh},
        {"user_id": "user-0", "video_id": fresh},
        {"user_id": "user-0", "video_id": "v3", "event": "dislike"},
        {"user_id": "user-0", "video_id": "v3", "event": "impression"},
        {"user_id": "user-0", "video_id": "v5", "watch_seconds": 0.4},
        {"user_id": "user-0", "video_id": "v5", "event": "what"},
        {"user_id": "user-0", "video_id": "elsewhere"},
        {"user_id": "stranger", "video_id": "v2"},
        {
            "user_id": "user-2",
            "video_id": VIDEO_IDS[int(training.histories.of("user-2").videos[0])],
        },
    )
    targets = targets_of(table, training.histories, VIDEO_IDS)
    assert targets.user_ids == ("stranger", "user-0", "user-2")
    assert targets.videos[1].tolist() == [int(fresh[1:])]
    assert targets.counts == {
        "events_held_out": 10,
        "events_not_wanted": 4,
        "events_of_unknown_videos": 1,
        "users": 3,
        "users_without_history": 1,
        "users_whose_targets_were_all_seen": 1,
        "targets": 3,
        "targets_dropped_as_seen": 1,
    }
    report = report_of(model, table)
    assert report.values["fused"]["hit_rate@10"][2] == 0.0  # the seen is masked: a sure miss


def test_the_words_that_behaviour_used_decide_what_is_wanted() -> None:
    training, _ = world()
    own = replace(training.histories, report={"weights": {"clap": 2.0, "view": -1.0}})
    rows = [
        {"user_id": "new", "video_id": f"v{i}", "event": e} for i, e in enumerate(("clap", "view"))
    ]
    targets = targets_of(heldout(*rows), own, VIDEO_IDS)
    assert [rows.tolist() for rows in targets.videos] == [[0]]


def test_nothing_to_evaluate_is_said(model: InterestModel) -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        report_of(model, heldout({"user_id": "user-0", "video_id": "v1", "event": "skip"}))
    with pytest.raises(UnknownPart, match="oracle"):
        report_of(model, systems=["oracle"])
    with pytest.raises(InputError, match="cut at"):
        report_of(model, ks=())


def test_only_the_named_systems_are_measured(model: InterestModel) -> None:
    assert list(report_of(model, systems=["fused", "ease"]).systems) == ["fused", "ease"]


def test_the_report_is_saved_as_a_page_markdown_json_and_values(
    model: InterestModel, tmp_path: Path
) -> None:
    report = report_of(model, split={"protocol": "time", "cutoff": 5})
    save(report, tmp_path / "reports")
    saved = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    assert saved == json.loads(json.dumps(report.as_json()))
    mean = report.systems["ease"]["ndcg@10"].mean
    assert saved["systems"]["ease"]["ndcg@10"]["mean"] == pytest.approx(mean)
    text = (tmp_path / "reports" / "report.md").read_text(encoding="utf-8")
    assert f"{mean:.4f} (" in text
    page = (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")
    assert f"{mean:.4f}" in page
    values = pl.read_parquet(tmp_path / "reports" / "values.parquet")
    assert len(values) == 80
    before = {path.name: path.read_bytes() for path in (tmp_path / "reports").iterdir()}
    save(report, tmp_path / "reports")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "reports").iterdir()}


def test_nothing_that_is_saved_names_a_viewer(model: InterestModel, tmp_path: Path) -> None:
    save(report_of(model, split={"protocol": "leave-one-out"}), tmp_path)
    for path in tmp_path.iterdir():
        assert b"user-1" not in path.read_bytes(), path


class _Page(HTMLParser):
    """Tags that are open, addresses, ids, and the parts of the page that addresses name."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [v or "" for n, v in attrs if n in ("src", "href", "xlink:href")]
        self.ids += [v or "" for n, v in attrs if n == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_alone_and_free_of_foreign_markup(model: InterestModel) -> None:
    split = {"protocol": "<script>alert(1)</script>", "note": '"><img src=x onerror=alert(2)>'}
    made = report_of(model, split=split)
    hostile = '"><b>$\\frac</text><script>'  # broken mathematics as well as markup
    names = {"ease": hostile, "fused": "fused", "popularity": "推荐"}
    report = replace(
        made,
        systems={name: made.systems[old] for old, name in names.items()},
        values={name: made.values[old] for old, name in names.items()},
        notes=("<b>bold</b>",),
        curves={"a<i>": [{"step": 1.0, "loss": 3.0}, {"step": 2.0, "loss": 2.0}]},
    )
    page = _Page()
    page.feed(html_page(report))
    assert page.open == []
    assert page.tags >= {"svg", "use", "table"}
    assert {address.partition("#")[0] for address in page.addresses} == {""}, "fetches nothing"
    assert {address.removeprefix("#") for address in page.addresses} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not page.tags & {"script", "img", "b>", "i>", "link", "iframe"}
    assert "&lt;b&gt;bold&lt;/b&gt;" in html_page(report)


def test_slices_by_history_and_by_popularity(model: InterestModel) -> None:
    _, held = world()
    stranger = pl.concat([held, heldout({"user_id": "stranger", "video_id": "v2"})])
    report = report_of(model, stranger)
    lengths = {part.label: part for part in report.slices["history_length"]}
    assert lengths["new (0)"].users == 1
    assert lengths["5 to 19"].users == 80
    whole = replace(report, sample=report.sample).column("ease", "ndcg@10")
    assert lengths["5 to 19"].systems["ease"]["ndcg@10"].mean == pytest.approx(
        np.delete(whole, report.users.index("stranger")).mean()
    )
    classes = report.slices["item_popularity"]
    assert sum(part.users for part in classes) == 81  # one wanted video each


def test_beyond_accuracy_is_said_over_all_lists(model: InterestModel) -> None:
    report = report_of(model)
    popular, own = report.systems["popularity"], report.systems["ease"]
    assert popular["gini@10"].mean > own["gini@10"].mean
    assert popular["coverage@10"].mean <= own["coverage@10"].mean
    assert popular["popularity_lift@10"].mean > own["popularity_lift@10"].mean
