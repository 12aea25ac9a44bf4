"""The reader `movielens` on both layouts, made by hand and real."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from tests.data.tables import put, read
from tests.real_data import data_folder
from vireo.errors import InputError

MOVIES = [
    (1, "Toy Story (1995)", "Animation|Comedy"),
    (2, "Shanghai Triad (Yao a yao yao dao waipo qiao) (1995)", "Drama"),
    (3, "Misérables, Les (1995)", "Drama|Musical"),
    (4, "No Year", "(no genres listed)"),
]
RATINGS = [(7, 2, 5, 978300760), (7, 1, 3, 978300760), (6, 3, 4, 978302109)]


def dat(folder: Path, zipped: bool) -> None:
    movies = "\n".join("::".join(map(str, row)) for row in MOVIES)
    ratings = "\n".join("::".join(map(str, row)) for row in RATINGS)
    put(folder, "movies.dat", movies.encode("latin-1"))
    if zipped:
        put(folder, "ratings.dat.gz", gzip.compress(ratings.encode()))
    else:
        put(folder, "ratings.dat", ratings)


def csv(folder: Path, zipped: bool) -> None:
    movies = pl.DataFrame(MOVIES, ["movieId", "title", "genres"], orient="row").write_csv()
    ratings = pl.DataFrame(RATINGS, ["userId", "movieId", "rating", "timestamp"], orient="row")
    name, pack = (".csv.gz", gzip.compress) if zipped else (".csv", bytes)
    put(folder, f"movies{name}", pack(movies.encode()))
    put(folder, f"ratings{name}", pack(ratings.write_csv().encode()))


@pytest.mark.parametrize("write", [dat, csv])
@pytest.mark.parametrize("zipped", [False, True])
def test_both_layouts(tmp_path: Path, write: object, zipped: bool) -> None:
    (dat if write is dat else csv)(tmp_path, zipped)
    tables = read(None, tmp_path, reader="movielens").frames()
    videos = tables["videos"]
    assert videos["title"].to_list() == [title for _, title, _ in MOVIES]
    assert videos["tags"].to_list()[0] == ["Animation", "Comedy"]
    assert videos["category"].to_list() == ["Animation", "Drama", "Drama", None]
    assert videos["published_at"].to_list() == [788_918_400_000] * 3 + [None]
    wanted = ["user_id", "video_id", "event", "value", "timestamp", "sequence"]
    assert tables["events"].select(wanted).rows() == [
        ("7", "2", "rating", 5.0, 978_300_760_000, 1),
        ("7", "1", "rating", 3.0, 978_300_760_000, 2),
        ("6", "3", "rating", 4.0, 978_302_109_000, 3),
    ]


def test_texts_are_added_by_id(tmp_path: Path) -> None:
    dat(tmp_path, zipped=False)
    texts = "movie_id,plot,keywords,director,cast\n1,Toys live.,toy|boy,J. L.,T. H.\n99,Other.,,,\n"
    tables = read(put(tmp_path, "texts.csv", texts), tmp_path, reader="movielens")
    toys = tables.frames()["videos"].to_dicts()[0]
    assert toys["description"] == "Toys live."
    assert toys["tags"] == ["Animation", "Comedy", "toy", "boy"]
    assert toys["creator"] == "J. L."
    assert tables.rejects["reason"].to_list() == ["not a movie of this MovieLens release"]
    assert len(tables.videos) == 4
    account = tables.counts["videos"]
    assert (account.read, account.accepted) == (6, 5)
    assert account.columns_not_used == ("cast",)


def test_bad_rows(tmp_path: Path) -> None:
    dat(tmp_path, zipped=False)
    put(
        tmp_path, "ratings.dat", "1::1::5::978300760\n1::1\n1::1::x::978300760\n::1::5::978300760\n"
    )
    rejects = read(None, tmp_path, reader="movielens").rejects
    assert rejects.select("row", "reason").rows() == [
        (2, "too few fields: 2 instead of 4"),
        (3, "a rating without a number"),
        (4, "no user id"),
    ]


def test_a_folder_that_is_no_release(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no movies\.dat"):
        read(None, tmp_path, reader="movielens")
    with pytest.raises(InputError, match="needs the release's folder"):
        read(tmp_path, None, reader="movielens")


def test_the_real_release_with_texts() -> None:
    texts = data_folder("movie-text") / "movie_text.parquet"
    folder = data_folder("ml-1m")
    tables = read(texts, folder, reader="movielens")
    assert len(tables.videos) == 3883
    assert tables.counts["events"].read == tables.counts["events"].accepted == 1_000_209
    assert tables.videos["description"].null_count() < 0.01 * 3883
    assert tables.counts["videos"].read == 3883 + 10_676
    # An independent reading of the same rows: each user's in the order in which they were given.
    known = pl.read_parquet(folder / "ratings_provenance.parquet")
    known = known.with_row_index("row", 1).sort("user_id", "user_seq_pos")
    events = tables.events.with_columns(pl.col("user_id", "video_id").cast(pl.Int64))
    events = events.sort("user_id", "timestamp", "sequence")
    for ours, theirs in (("user_id", "user_id"), ("video_id", "movie_id")):
        assert (events[ours] == known[theirs].cast(pl.Int64)).all()
    assert (events["value"] == known["rating"].cast(pl.Float64)).all()
    assert (events["timestamp"] == known["timestamp"] * 1000).all()
    assert tables.events["sequence"].to_list() == list(range(1, 1_000_210))


def order(folder: Path, *rows: tuple[int, int, int]) -> None:
    names = ["user_id", "movie_id", "user_seq_pos"]
    pl.DataFrame(rows, names, orient="row").write_parquet(folder / "ratings_provenance.parquet")


def test_ties_in_time_follow_the_true_order_where_it_is_known(tmp_path: Path) -> None:
    dat(tmp_path, zipped=False)
    order(tmp_path, (6, 3, 1), (7, 1, 1), (7, 2, 2))
    tables = read(None, tmp_path, reader="movielens")
    wanted = tables.events.select("user_id", "video_id", "sequence").rows()
    assert wanted == [("7", "1", 1), ("7", "2", 2), ("6", "3", 3)]
    assert "user_seq_pos" in tables.counts["events"].notes[-1]


@pytest.mark.parametrize(
    "rows", [[(7, 1, 1), (7, 2, 2)], [(6, 3, 1), (6, 3, 2), (7, 1, 1), (7, 2, 2)], None]
)
def test_an_order_that_does_not_match_is_ignored_with_a_note(
    tmp_path: Path, rows: list[tuple[int, int, int]] | None
) -> None:
    dat(tmp_path, zipped=False)
    if rows is None:
        put(tmp_path, "ratings_provenance.parquet", b"no table")
    else:
        order(tmp_path, *rows)
    tables = read(None, tmp_path, reader="movielens")
    assert tables.events["video_id"].to_list() == ["2", "1", "3"]
    assert "was ignored" in tables.counts["events"].notes[-1]
