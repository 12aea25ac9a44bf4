"""The client against a small server that is dead, slow, busy, babbling, or asks for other forms."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.language.generate.world import (
    GOOD,
    Mood,
    Play,
    asked,
    completion,
    floods,
    hangs_up,
    says,
    sends,
    serving,
    sleeps,
    trickles,
)
from tests.language.world import context
from vireo.errors import ConfigError
from vireo.language.generate import GeneratedValue, GenerationSection, Prompt, generator


def answers(
    section: GenerationSection, cache: Path, *prompts: Prompt[Mood]
) -> list[GeneratedValue[Mood]]:
    made = generator(section, context(cache))
    assert made is not None
    return made.generate(prompts or [asked()])


def test_a_good_reply_is_a_checked_value(tmp_path: Path) -> None:
    with serving(says(f"Sure! ```json\n{GOOD}\n```")) as served:
        (answer,) = answers(served.section(), tmp_path)
    assert answer == GeneratedValue(Mood(mood="calm", score=7), tokens_in=50, tokens_out=7)
    request = served.asked[0]
    assert request["response_format"]["json_schema"]["schema"] == Mood.model_json_schema()
    assert json.loads(request["messages"][1]["content"]) == {"title": "A quiet walk"}


def test_an_answer_is_kept_and_another_wording_is_asked_anew(tmp_path: Path) -> None:
    with serving(says(GOOD)) as served:
        answers(served.section(), tmp_path, asked(), asked())
        assert len(served.asked) == 1  # the same question once
        (again,) = answers(served.section(), tmp_path, asked())
        assert again.cached
        assert len(served.asked) == 1
        other = Prompt("test", 2, "Name the mood of the video.", {"title": "A quiet walk"}, Mood)
        assert not answers(served.section(), tmp_path, other)[0].cached


def test_one_repair_then_the_reason(tmp_path: Path) -> None:
    bad = '{"mood": "calm", "score": 11}'
    with serving(says(bad), says(GOOD)) as served:
        (mended,) = answers(served.section(), tmp_path / "a")
        assert mended.value is not None
        assert mended.tokens_in == 100
        assert "score" in served.asked[1]["messages"][1]["content"]
    for babble in (bad, "I am a teapot.", "{" * 20_000, '{"mood": NaN, "score": 1}', "", None):
        with serving(says(babble)) as served:
            (lost,) = answers(served.section(), tmp_path / "b", asked(str(babble)[:9]))
            assert lost.value is None
            assert lost.reason.startswith("its reply did not fit, twice")
            assert len(served.asked) == 2


@pytest.mark.parametrize(
    ("play", "settings", "reason"),
    [
        (sleeps, {"timeout_seconds": 0.3, "retries": 0}, "no reply within 0.3 s"),
        (trickles, {"timeout_seconds": 0.3, "retries": 0}, "no whole reply within 0.3 s"),
        (floods, {}, "sent more than"),
        (hangs_up, {"retries": 0}, "connection broke"),
        (sends(200, b"<html>hello</html>"), {"retries": 0}, "no chat completion"),
        (sends(200, b'{"choices": []}'), {"retries": 0}, "no chat completion"),
        (sends(503, b"{}"), {"retries": 0}, "answered 503"),
        (sends(401, b'{"error": {"message": "bad key"}}'), {}, "401"),
        (sends(302, b"", Location="http://127.0.0.1:1/v1"), {"retries": 0}, "302"),
    ],
)
def test_a_server_that_fails_leaves_a_reason(
    tmp_path: Path, play: Play, settings: dict[str, Any], reason: str
) -> None:
    with serving(play) as served:
        (answer,) = answers(served.section(**settings), tmp_path)
    assert answer.value is None
    assert reason in answer.reason


def test_a_busy_server_is_asked_again_when_it_says(tmp_path: Path) -> None:
    busy = sends(429, b'{"error": {"message": "slow down"}}', Retry_After="0.01")
    with serving(busy, busy, says(GOOD)) as served:
        (answer,) = answers(served.section(retries=2), tmp_path)
    assert answer.value is not None
    assert len(served.asked) == 3


def test_a_dead_server_is_given_up_after_three_videos(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    section = GenerationSection(
        model="openai", base_url=url, name="tiny", retries=0, concurrency=1, timeout_seconds=5
    )
    given = answers(section, tmp_path, *(asked(str(i)) for i in range(20)))
    assert all("cannot be reached" in answer.reason for answer in given)
    assert sum("not asked again" in answer.reason for answer in given) == 17


def test_a_server_of_other_habits_is_met_half_way(tmp_path: Path) -> None:
    def picky(handler: Any, body: dict[str, Any]) -> None:
        complaint = ""
        if "max_tokens" in body:
            complaint = "use max_completion_tokens instead"
        elif "temperature" in body:
            complaint = "temperature is not supported"
        elif body.get("response_format", {}).get("type") == "json_schema":
            complaint = "unknown json_schema"
        if complaint:
            told = json.dumps({"error": {"message": complaint}}).encode()
            return sends(400, told)(handler, body)
        return says(GOOD)(handler, body)

    with serving(picky) as served:
        first, second = answers(served.section(), tmp_path, asked("a"), asked("b"))
    assert first.value is not None
    assert second.value is not None
    assert len(served.asked) == 5  # what was learnt is kept
    assert served.asked[-1]["response_format"]["type"] == "json_object"


def test_the_budget_stops_before_it_is_overdrawn(tmp_path: Path) -> None:
    prompts = [asked(f"number {i}") for i in range(10)]
    with serving(says(GOOD)) as served:
        section = served.section(max_output_tokens=16, max_total_tokens=600)
        given = answers(section, tmp_path, *prompts)
        assert 1 <= len(served.asked) < 10
        assert sum(a.tokens_in + a.tokens_out for a in given) <= 600
        assert "budget of 600 tokens" in given[-1].reason
        priced = served.section(
            max_output_tokens=16, input_price=1000.0, output_price=1000.0, max_cost=1e-9
        )
        assert "budget of 1e-09" in answers(priced, tmp_path / "b")[0].reason


def test_a_dry_run_sends_nothing_and_tells_the_cost(tmp_path: Path) -> None:
    told: list[str] = []

    class Voice:
        def __init__(self) -> None:
            from vireo.engine.progress import NullProgress

            self.task = NullProgress().task

        def say(self, line: str) -> None:
            told.append(line)

    with serving(says(GOOD)) as served:
        section = served.section(dry_run=True, input_price=1000.0, output_price=1000.0)
        made = generator(section, context(tmp_path))
        assert made is not None
        given = made.generate([asked("a"), asked("b")], Voice())
        assert not served.asked
    assert [answer.reason for answer in given] == ["a dry run sends nothing"] * 2
    assert "2 requests to tiny at 127.0.0.1" in told[0]
    assert "at the configured prices" in told[0]


def test_personal_data_leave_only_by_name(tmp_path: Path) -> None:
    prompts = [
        asked("a", personal=frozenset({"comments"})),
        asked("b", personal=frozenset({"histories", "comments"})),
        asked("c"),
    ]
    with serving(says(GOOD)) as served:
        first, second, third = answers(
            served.section(allowed_data=("comments",)), tmp_path, *prompts
        )
        assert first.value is not None
        assert third.value is not None
        assert "histories stay here" in second.reason
        assert len(served.asked) == 2


def test_the_key_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1")
    with serving(says(GOOD)) as served:
        section = served.section(api_key_env="MY_KEY")
        answers(section, tmp_path)
    assert served.headers[0]["authorization"] == "Bearer secret-1"
    assert "secret-1" not in section.model_dump_json()


def test_settings_that_lack_something_are_refused(tmp_path: Path) -> None:
    for url, name in (("", ""), ("ftp://x/v1", "m"), ("http://x/v1", "")):
        with pytest.raises(ConfigError, match="base_url"):
            generator(GenerationSection(model="openai", base_url=url, name=name), context(tmp_path))
    with pytest.raises(ConfigError, match="path"):
        generator(GenerationSection(model="local"), context(tmp_path))
    assert generator(GenerationSection(), context(tmp_path)) is None


def test_a_damaged_shelf_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database " * 500)
    with serving(says(GOOD)) as served:
        assert answers(served.section(), tmp_path)[0].value is not None


def test_raw_control_characters_and_half_pairs_are_read(tmp_path: Path) -> None:
    reply = '{"mood": "a\x01b\\ud800", "score": 1}'
    with serving(sends(200, completion(reply).replace(b"\\u0001", b"\x01"))) as served:
        (answer,) = answers(served.section(), tmp_path)
    assert answer.value is not None
    assert answer.value.mood == "a\x01b?"
