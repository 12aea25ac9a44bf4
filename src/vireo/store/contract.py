"""Contract suite of stores: a test class to inherit for built-in and other stores.

class TestMine(StoreContract):
    def open(self, place: Path) -> Store:
        return MyStore(place / "events")
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from vireo.errors import InputError
from vireo.store.base import (
    Action,
    Experiment,
    Key,
    LiveEvent,
    LiveVideo,
    Preference,
    Store,
    UserAttributes,
    UserState,
)


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
    replace(live(1), rank=0),
)
"""Events that some database cannot store unchanged."""


def rejected(write: Callable[..., object], *arguments: object) -> bool:
    """Whether the call raises InputError."""
    try:
        write(*arguments)
    except InputError:
        return True
    return False


class StoreContract:
    """Tests of any store; two stores opened at one place share their data."""

    def open(self, place: Path) -> Store:
        """The store at this place, created if missing."""
        raise NotImplementedError

    def test_empty_store(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.append([]) == 0
        assert list(store.events()) == []
        assert store.events_of("ana") == []
        assert store.watermark() == 0
        assert not store.is_forgotten("ana")
        assert store.forgotten_among([]) == set()
        store.close()

    def test_events_survive_reopening(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        text = "a\nb; DROP TABLE x"
        full = LiveEvent("e1", "ána ☂", "v'1\"", "comment", 5, 1.5, 2.25, text, "s", "list-1", 3)
        assert store.append([full, live(2)]) == 2
        store.close()
        again = self.open(tmp_path)
        assert [event for batch in again.events() for _, event in batch] == [full, live(2)]
        again.close()

    def test_append_is_idempotent_by_id(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        first = live(1)
        assert store.append([first, replace(first, video_id="other"), live(2)]) == 2
        assert store.append([replace(first, video_id="third"), live(3)]) == 1
        assert store.events_of("ana") == [first, live(2), live(3)]
        store.close()

    def test_batches_in_one_transaction(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        batches = [[live(1), live(2)], [live(2), live(3)], [], [live(1)]]
        assert store.append_all(batches) == [2, 1, 0, 0]
        assert store.events_of("ana") == [live(1), live(2), live(3)]
        assert store.append_all([]) == []
        store.close()

    def test_positions_increase_and_batches_continue(self, tmp_path: Path) -> None:
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

    def test_erasure_deletes_events_and_rejects_new_ones(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append([live(1), live(2, "bo"), live(3)])
        generation, mark = store.generation(), store.watermark()
        assert store.forget("ana") == 2
        assert store.generation() > generation
        assert store.events_of("ana") == []
        assert store.append([live(4), live(5, "bo")]) == 1
        assert store.watermark() > mark, "a position was reused"
        assert store.is_forgotten("ana")
        assert not store.is_forgotten("bo")
        assert store.forgotten_among(["ana", "bo", "cy"]) == {"ana"}
        store.close()
        again = self.open(tmp_path)
        assert again.is_forgotten("ana")
        assert again.forget("ana") == 0
        assert again.append([live(6)]) == 0
        again.close()

    def test_erasure_of_an_unknown_user(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.forget("unknown") == 0
        assert store.is_forgotten("unknown")
        store.close()

    def test_a_batch_with_a_bad_event_is_rejected(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        for bad in BAD:
            assert rejected(store.append, [live(7), bad]), bad
        assert store.watermark() == 0
        store.close()

    def test_latest_change_of_each_video(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.video_position() == 0
        full = LiveVideo(
            "v1", "Tïtle", "d", ("a", "b,c"), "c", "x", "de", 5, 1.5, "t", path="/a.mp4"
        )
        full = replace(full, age_rating=16, access=("staff",), needs=("v2",), schedule="Mon")
        first = store.put_video(full)
        second = store.put_video(LiveVideo("v2"))
        third = store.put_video(replace(full, title="Better"))
        gone = store.delete_video("v2")
        assert first < second < third < gone == store.video_position()
        store.close()
        again = self.open(tmp_path)
        changes = again.video_changes()
        assert [(c.position, c.video, c.deleted) for c in changes] == [
            (third, replace(full, title="Better"), False),
            (gone, LiveVideo("v2"), True),
        ]
        assert again.video_changes(after=third) == changes[1:]
        again.close()

    def test_bad_videos_are_rejected(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        for video in (
            LiveVideo(" "),
            LiveVideo("v" * 600),
            LiveVideo("v", title="half \ud800"),
            LiveVideo("v", tags=("\0",)),
            LiveVideo("v", duration=float("nan")),
        ):
            assert rejected(store.put_video, video), video
        assert store.video_changes() == []
        store.close()

    def test_choices_last_until_erasure(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.choices("ana") == {}
        store.set_choices("ana", {"query": "the sea", "consent": {"personal_lists": True}})
        store.set_choices("ana", {"query": "slow films ☂"})
        store.set_choices("bo", {"query": "fast films"})
        store.close()
        again = self.open(tmp_path)
        assert again.choices("ana") == {"query": "slow films ☂"}
        again.forget("ana")
        assert again.choices("ana") == {}
        assert again.choices("bo") == {"query": "fast films"}
        assert rejected(again.set_choices, "ana", {"query": "new"})
        again.close()

    def test_user_state_is_complete(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.user_state("ana") == UserState(UserAttributes("ana"))
        store.append([live(1), live(2, "bo"), live(3)])
        store.set_choices("ana", {"query": "the sea"})
        preference = store.add_preference(Preference("ana", "less horror"))
        store.set_users([UserAttributes("ana", 12)])
        assert store.user_state("ana") == UserState(
            UserAttributes("ana", 12), (live(1), live(3)), (preference,), {"query": "the sea"}
        )
        assert store.user_state("ana", after=1).events == (live(3),)
        many = ["unknown", "ana", *(f"u{n}" for n in range(1200)), "bo"]
        assert store.user_states(many) == {user: store.user_state(user) for user in ("ana", "bo")}
        assert store.user_states(["ana", "bo"], after=2) == {
            "ana": store.user_state("ana", after=2)
        }
        store.forget("ana")
        assert store.user_states(["ana"]) == {
            "ana": UserState(UserAttributes("ana"), forgotten=True)
        }
        assert store.user_state("ana") == UserState(UserAttributes("ana"), forgotten=True)
        store.close()

    def test_keys_are_revoked_once(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        one = Key("k1", "site", "service", None, "0" * 64, 10)
        two = Key("k2", "ana's", "viewer", "ana", "1" * 64, 20)
        store.add_key(one)
        store.add_key(two)
        assert store.all_keys() == [one, two]
        assert store.revoke_key("k1", 30)
        assert not store.revoke_key("k1", 40)
        assert not store.revoke_key("k9", 40)
        assert store.all_keys() == [replace(one, revoked_at=30), two]
        store.forget("ana")
        assert [key.key_id for key in store.all_keys()] == ["k1"]
        store.close()

    def test_an_experiment_starts_once_after_the_last_event(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        assert store.experiments() == []
        store.append([live(1), live(2)])
        one = Experiment("spring", ("control", "bolder ☂"), "{}", began_at=7)
        begun = store.begin_experiment(one)
        assert begun == replace(one, after=store.watermark())
        store.append([live(3)])
        assert store.begin_experiment(replace(one, began_at=9)) == begun
        other = store.begin_experiment(replace(one, settings='{"k": 1}', began_at=9))
        assert other.after > begun.after
        store.close()
        again = self.open(tmp_path)
        assert again.experiments() == [other, begun]
        again.close()

    def test_consent_answers_of_a_purpose(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.set_choices("ana", {"consent": {"research": False}})
        store.set_choices("bo", {"consent": {"research": True}})
        store.set_choices("cy", {"query": "the sea"})
        assert store.consent_answers("research") == {"ana": False, "bo": True}
        assert store.consent_answers("remote_models") == {}
        store.close()

    def test_audit_log_is_latest_first(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        for n in range(3):
            store.log(Action(n, "k1 site", "publish", f"build {n}"))
        assert [action.moment for action in store.actions()] == [2, 1, 0]
        assert store.actions(most=1) == [Action(2, "k1 site", "publish", "build 2")]
        store.close()

    def test_user_attributes_are_replaced(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        ana = UserAttributes("ana", 17.5, "DE", ("de", "en"), ("staff", "räte; DROP"))
        assert store.user("ana") == UserAttributes("ana")
        assert store.set_users([UserAttributes("ana", 3), UserAttributes("bo"), ana]) == 2
        store.close()
        again = self.open(tmp_path)
        assert again.user("ana") == ana
        assert again.set_users([UserAttributes("ana")]) == 1
        assert again.user("ana") == UserAttributes("ana")
        again.close()

    def test_preferences_are_ordered_and_removable(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        one = store.add_preference(Preference("ana", "less horror", at=5))
        two = store.add_preference(Preference("ana", "more of this", "v1"))
        other = store.add_preference(Preference("bo", "more sea"))
        assert store.preferences_of("ana") == [one, two]
        assert not store.remove_preference("ana", other.number)
        assert store.remove_preference("ana", one.number)
        store.close()
        again = self.open(tmp_path)
        assert again.preferences_of("ana") == [two]
        assert again.add_preference(Preference("ana", "x")).number > other.number
        again.close()

    def test_erasure_deletes_attributes_and_preferences(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.set_users([UserAttributes("ana", 40), UserAttributes("bo", 50)])
        store.add_preference(Preference("ana", "less horror"))
        store.add_preference(Preference("bo", "more sea"))
        store.forget("ana")
        assert (store.user("ana"), store.preferences_of("ana")) == (UserAttributes("ana"), [])
        assert store.set_users([UserAttributes("ana", 40), UserAttributes("bo", 51)]) == 1
        assert store.user("ana") == UserAttributes("ana")
        assert store.user("bo").age == 51
        assert len(store.preferences_of("bo")) == 1
        for bad in (Preference("ana", "more sea"), Preference("bo", "  "), Preference("bo", "\0")):
            assert rejected(store.add_preference, bad), bad
        store.close()

    def test_concurrent_writers_store_each_event_once(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        shares = [[live(n) for n in range(start, start + 30)] for start in (0, 10, 20, 30)]
        with ThreadPoolExecutor(4) as pool:
            stored = sum(pool.map(store.append, shares))
        found = [event.event_id for batch in store.events() for _, event in batch]
        assert stored == len(found) == len(set(found)) == 60
        store.close()
