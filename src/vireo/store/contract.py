"""What every store must keep to: a test suite to inherit, for the built-in one and for yours.

class TestMine(StoreContract):
    def open(self, place: Path) -> Store:
        return MyStore(place / "events")
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from vireo.errors import InputError
from vireo.store.base import Edit, LiveEvent, Store, Viewer


def live(number: int, user: str = "ana", video: str = "v1") -> LiveEvent:
    """A view of one second each."""
    return LiveEvent(f"e{number}", user, video, "view", 1_700_000_000_000 + number * 1000)


BAD = (
    replace(live(1), user_id="  "),
    replace(live(1), event=""),
    replace(live(1), video_id="v\0"),
    replace(live(1), text="half \ud800"),
    replace(live(1), value=float("nan")),
    replace(live(1), watch_seconds=float("inf")),
    replace(live(1), timestamp=-1),
    replace(live(1), timestamp=10**18),
    replace(live(1), user_id="u" * 600),
)
"""Events that some database could not keep unchanged."""


class StoreContract:
    """Every test opens the store at `place` itself: the same place is the same store."""

    def open(self, place: Path) -> Store:
        """A store at this place, made if it is not there."""
        raise NotImplementedError

    def test_an_empty_store(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.append([]) == 0
        assert list(store.events()) == []
        assert store.events_of("ana") == []
        assert store.watermark() == 0
        assert not store.is_forgotten("ana")
        assert store.forgotten_among([]) == set()
        store.close()

    def test_what_went_in_comes_out_after_reopening(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        full = LiveEvent("e1", "ána ☂", "v'1\"", "comment", 5, 1.5, 2.25, "a\nb; DROP TABLE x", "s")
        assert store.append([full, live(2)]) == 2
        store.close()
        again = self.open(tmp_path)
        assert [event for batch in again.events() for _, event in batch] == [full, live(2)]
        again.close()

    def test_the_same_id_twice_is_one_event(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        first = live(1)
        assert store.append([first, replace(first, video_id="other"), live(2)]) == 2
        assert store.append([replace(first, video_id="third"), live(3)]) == 1
        assert store.events_of("ana") == [first, live(2), live(3)]
        store.close()

    def test_positions_grow_and_batches_go_on_after_one(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([live(n) for n in range(7)])
        batches = list(store.events(batch=3))
        assert [len(batch) for batch in batches] == [3, 3, 1]
        positions = [position for batch in batches for position, _ in batch]
        assert positions == sorted(set(positions))
        assert positions[0] > 0
        assert store.watermark() == positions[-1]
        rest = [event for batch in store.events(after=positions[4]) for _, event in batch]
        assert rest == [live(5), live(6)]
        assert store.events_of("ana", after=positions[5]) == [live(6)]
        store.close()

    def test_forgetting_deletes_and_refuses(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([live(1), live(2, "bo"), live(3)])
        generation, mark = store.generation(), store.watermark()
        assert store.forget("ana") == 2
        assert store.generation() > generation
        assert store.events_of("ana") == []
        assert store.append([live(4), live(5, "bo")]) == 1
        assert store.watermark() > mark, "a position was used again"
        assert store.is_forgotten("ana")
        assert not store.is_forgotten("bo")
        assert store.forgotten_among(["ana", "bo", "cy"]) == {"ana"}
        store.close()
        again = self.open(tmp_path)
        assert again.is_forgotten("ana")
        assert again.forget("ana") == 0
        assert again.append([live(6)]) == 0
        again.close()

    def test_somebody_unknown_can_be_forgotten(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.forget("nobody") == 0
        assert store.is_forgotten("nobody")
        store.close()

    def test_what_cannot_be_kept_is_refused_whole(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        for bad in BAD:
            try:
                store.append([live(7), bad])
            except InputError:
                continue
            raise AssertionError(f"{bad} was taken")
        assert store.watermark() == 0
        store.close()

    def test_what_is_told_of_viewers_is_kept_and_replaced(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        ana = Viewer("ana", 17.5, "DE", ("de", "en"), ("staff", "räte; DROP"))
        assert store.viewer("ana") == Viewer("ana")
        assert store.set_viewers([Viewer("ana", 3), Viewer("bo"), ana]) == 2
        store.close()
        again = self.open(tmp_path)
        assert again.viewer("ana") == ana
        assert again.set_viewers([Viewer("ana")]) == 1
        assert again.viewer("ana") == Viewer("ana")
        again.close()

    def test_wishes_are_kept_in_order_and_taken_back(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        one = store.add_edit(Edit("ana", "less horror", at=5))
        two = store.add_edit(Edit("ana", "more of this", "v1"))
        other = store.add_edit(Edit("bo", "more sea"))
        assert store.edits_of("ana") == [one, two]
        assert not store.drop_edit("ana", other.number)
        assert store.drop_edit("ana", one.number)
        store.close()
        again = self.open(tmp_path)
        assert again.edits_of("ana") == [two]
        assert again.add_edit(Edit("ana", "x")).number > other.number
        again.close()

    def test_forgetting_takes_facts_and_wishes_along(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.set_viewers([Viewer("ana", 40), Viewer("bo", 50)])
        store.add_edit(Edit("ana", "less horror"))
        store.add_edit(Edit("bo", "more sea"))
        store.forget("ana")
        assert (store.viewer("ana"), store.edits_of("ana")) == (Viewer("ana"), [])
        assert store.set_viewers([Viewer("ana", 40), Viewer("bo", 51)]) == 1
        assert store.viewer("ana") == Viewer("ana")
        assert store.viewer("bo").age == 51
        assert len(store.edits_of("bo")) == 1
        for bad in (Edit("ana", "more sea"), Edit("bo", "  "), Edit("bo", "\0")):
            try:
                store.add_edit(bad)
            except InputError:
                continue
            raise AssertionError(f"{bad} was taken")
        store.close()

    def test_many_writers_lose_nothing_and_double_nothing(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        shares = [[live(n) for n in range(start, start + 30)] for start in (0, 10, 20, 30)]
        with ThreadPoolExecutor(4) as pool:
            stored = sum(pool.map(store.append, shares))
        found = [event.event_id for batch in store.events() for _, event in batch]
        assert stored == len(found) == len(set(found)) == 60
        store.close()
