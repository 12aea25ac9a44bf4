"""Which rows are hidden, known by construction; raw files of every data set; checksums."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from bench.base import Interactions
from bench.cases import CASES, case_named, prepare
from bench.datasets import beauty, kuairand, movielens, ted, twitch
from bench.files import leak_proof_copy
from bench.samples import sampled, sampled_talks
from bench.splits import cold_items, leave_one_out, random, related, time
from tests.bench.world import data_of, many_users, split_of
from vireo.errors import InputError, UnknownPart


def pairs(data: Interactions, marks: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(data.users[marks].tolist(), data.items[marks].tolist(), strict=True))


def test_leave_one_out_hides_the_last_row_and_tells_its_time() -> None:
    data = data_of([[3, 1, 2], [0], [1, 3]], [[5, 5, 5], [1], [9, 2]])
    parts = leave_one_out(data)
    assert pairs(data, parts.test) == [(0, 2), (2, 3)]
    assert pairs(data, parts.train) == [(0, 3), (0, 1), (1, 0), (2, 1)]
    assert parts.asked == {0: 5, 2: 2}


def test_the_time_split_hides_what_is_new_to_users_who_were_there_before() -> None:
    data = data_of(
        [[0, 1, 2], [0, 1, 0, 3, 3], [4, 2]],
        [[1, 2, 3], [4, 5, 100, 101, 102], [200, 201]],
    )
    parts = time(data)  # ten rows: the cutoff is the time of the eighth
    assert sorted(data.times.tolist())[7] == 102
    assert pairs(data, parts.test) == []
    late = data_of([[0, 1, 2, 3, 4, 5, 6, 7], [8, 8, 9]], [[1, 2, 3, 4, 5, 6, 7, 8], [3, 90, 91]])
    parts = time(late)
    assert pairs(late, parts.test) == [(1, 9)]  # 8 was met before
    assert parts.asked == {1: 9}
    with pytest.raises(InputError, match="no time"):
        time(data_of([[0, 1]]))


def test_random_hides_a_fifth_of_everybody_and_is_repeatable() -> None:
    data = many_users(each=10)
    one, two = random(data), random(data)
    assert (one.test == two.test).all()
    assert (np.bincount(data.users[one.test]) == 2).all()
    assert not (one.test & one.train).any()


def test_cold_items_leave_the_training_wholly() -> None:
    data = many_users(each=30)
    parts = cold_items(data)
    cold = set(parts.cold_items)
    assert len(cold) == 30
    assert not set(data.items[parts.train].tolist()) & cold
    for user in range(len(data.user_ids)):
        own = [(item, item in cold) for item in data.items[data.users == user].tolist()]
        hidden = [item for u, item in pairs(data, parts.test) if u == user]
        wanted = [[i for i, c in own if c is kind][-1:] for kind in (False, True)]
        assert sorted(hidden) == sorted([*wanted[0], *wanted[1]])


def test_related_talks_know_themselves_and_hide_the_labels() -> None:
    data = data_of([[0, 2], [1], [2, 0, 1]])
    parts = related(data)
    assert pairs(data, parts.train) == [(0, 0), (1, 1), (2, 2)]
    assert pairs(data, parts.test) == [(0, 2), (2, 0), (2, 1)]


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = (split_of(many_users(), "cold-items", tmp_path / name) for name in "ab")
    for path in one.directory.iterdir():
        assert path.read_bytes() == (two.directory / path.name).read_bytes()
    other = split_of(many_users(seed=8), "cold-items", tmp_path / "c")
    assert other.about["split_sha256"] != one.about["split_sha256"]


def test_what_a_system_gets_holds_no_hidden_row(tmp_path: Path) -> None:
    data = data_of([[0, 1, 2], [2, 1]], [[10, 11, 12], [20, 21]])
    split = split_of(data, "leave-one-out", tmp_path)
    copy = leak_proof_copy(split, tmp_path / "copy")
    assert copy.rows["part"].unique().to_list() == ["train"]
    assert (copy.directory / "users.txt").read_text() == "0 12\n1 21\n"
    names = {path.name for path in copy.directory.iterdir()}
    assert names == {"about.json", "items.jsonl", "split.tsv", "users.jsonl", "users.txt"}
    kept = "".join(path.read_text() for path in copy.directory.iterdir() if "tsv" in path.name)
    assert "test" not in kept
    assert kept.splitlines()[1:] == [
        "0\t0\t10\t1.0\ttrain",
        "0\t1\t11\t1.0\ttrain",
        "1\t2\t20\t1.0\ttrain",
    ]


def test_samples_are_small_and_whole() -> None:
    some = sampled(many_users(), users=10, items=30)
    assert len(some.user_ids) <= 10
    assert len(some.catalogue) <= 30
    assert set(some.items.tolist()) == set(range(len(some.catalogue)))
    assert set(some.users.tolist()) == set(range(len(some.user_ids)))
    talks = data_of([[0, 3], [1], [2], [3, 2]])
    few = sampled_talks(talks, 3)
    assert [item.id for item in few.catalogue] == ["i0", "i2", "i3"]
    assert pairs(few, few.users >= 0) == [(0, 0), (0, 2), (1, 1), (2, 2), (2, 1)]


def test_movielens_without_the_true_order_sorts_stably_by_time(tmp_path: Path) -> None:
    folder = tmp_path / "ml-1m"
    folder.mkdir()
    rows = ["7::30::5::9", "7::10::5::9", "7::20::1::8", "3::10::2::1"]
    (folder / "ratings.dat.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    films = "30::Ama\xe9lie (2001)::Comedy|Drama\n10::Heat (1995)::Action\n"
    (folder / "movies.dat").write_text(films, encoding="latin-1")
    data = movielens.read(tmp_path)
    assert data.user_ids == ("7", "3")
    assert [item.id for item in data.catalogue] == ["30", "10", "20"]
    assert data.items.tolist() == [2, 0, 1, 1]
    assert data.catalogue[0].title == "Ama\xe9lie (2001)"
    assert data.catalogue[0].tags == ("Comedy", "Drama")
    assert not data.exact_times


def test_beauty_twitch_and_kuairand(tmp_path: Path) -> None:
    for name in ("amazon-beauty", "twitch-follows", "kuairand-pure/data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "amazon-beauty" / "Beauty.txt").write_text("1 5 6\n2 6 5 9\n\n")
    found = beauty.read(tmp_path)
    assert (found.items.tolist(), len(found.catalogue)) == ([0, 1, 1, 0, 2], 3)

    folder = tmp_path / "twitch-follows"
    (folder / "follows_train.csv.gz").write_bytes(gzip.compress(b"user_idx,streamer\n4,b\n4,a\n"))
    (folder / "streamer_info.csv").write_text(
        "name,language,channel_description\na,English,I paint\nb,Korean,\n"
    )
    (folder / "appdata.csv").write_text("name,game1,game2\na,Art,Chess\n")
    follows = twitch.read(tmp_path)
    assert [item.text for item in follows.catalogue] == ["Korean", "English, Art, Chess. I paint"]

    lines = [
        "user_id,video_id,time_ms,long_view,play_time_ms,duration_ms",
        "1,10,5000,1,30,20",
        "1,10,5000,1,30,20",
        "1,10,9000,1,20,20",
        "1,11,4000,0,1,20",
        "2,11,3000,1,900,0",
    ]
    (tmp_path / "kuairand-pure" / "data" / "log_standard_4_25_to_5_08_pure.csv.gz").write_bytes(
        gzip.compress("\n".join(lines).encode())
    )
    views = kuairand.read(tmp_path)
    assert list(views.dropped.values()) == [1, 1, 1]
    assert views.values.tolist() == [3.0, 1.5]
    assert views.times.tolist() == [3, 5]


def test_ted_finds_related_talks_by_title_and_speaker(tmp_path: Path) -> None:
    folder = tmp_path / "ted"
    folder.mkdir()
    beside = repr([{"title": "Two", "speaker": "B"}, {"title": "Gone", "speaker": "C"}])
    main = [
        "title,main_speaker,description,tags,related_talks,url",
        f'One,A,First,"[\'x\']","{beside}","https://t/one\n"',
        "Two,B,Second,\"['y', 'z']\",[],\"https://t/two\n\"",
    ]
    (folder / "ted_main.csv.gz").write_bytes(gzip.compress("\n".join(main).encode()))
    spoken = 'transcript,url\nhello there,"https://t/two\n"\n'
    (folder / "transcripts.csv.gz").write_bytes(gzip.compress(spoken.encode()))
    talks = ted.read(tmp_path)
    assert pairs(talks, talks.users >= 0) == [(0, 0), (0, 1), (1, 1)]
    assert talks.dropped == {"related talks that are not in the catalogue": 1}
    assert talks.catalogue[1].dialogue == "hello there"
    assert talks.catalogue[1].text == "Second y, z. hello there"
    row = json.loads(json.dumps(talks.catalogue[0].row(0)))
    assert row == {
        "item": 0,
        "id": "one",
        "title": "One",
        "text": "First x.",
        "description": "First",
        "tags": ["x"],
    }


def test_absent_data_and_unknown_splits_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'ml-1m' is not in"):
        prepare(CASES["ml-1m--time"], tmp_path, tmp_path / "work")
    with pytest.raises(UnknownPart, match="ml-1m--leave-one-out"):
        case_named("netflix")
