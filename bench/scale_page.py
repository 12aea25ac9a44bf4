"""The part of docs/benchmarks.md about scale, from the results files of the benches of scale.

What a hundred million videos and a billion viewers cost is reckoned here from the measured costs of
one video, one event and one list; what changes hands at that size is told in docs/scale.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.sections import Makers, Result, read, sections, table, typed

VIDEOS, VIEWERS = 100_000_000, 1_000_000_000
NEW_SHARE = 0.01
"""Videos that are new each day, of all."""
EVENTS_A_DAY = 20
"""Of each viewer that comes."""
COMING = 0.3
"""Viewers that come on a day: they get a new list."""
CORE_HOUR = 0.02
"""Dollars for an hour of a core, rented by the month."""
DAYS = 30


def section(results: Path) -> str:
    """The sections of those results that are in this folder."""
    text = sections(results, SECTIONS, _made)
    told = [read(results / f"{name}.json") for name in ("growth", "scale_lists", "scale_events")]
    if all(told):
        text += "\n".join(["", *_paper(*told)]) + "\n"  # type: ignore[arg-type]
    return text


def _made(result: Result) -> str:
    return f"Made by `{typed(result)}` on {result['date'][:10]}: {result['machine']}."


def _ray(result: Result) -> Iterator[str]:
    yield "## Scale: Ray against processes, and nodes that die"
    yield ""
    if "times" in result:
        times = result["times"]
        yield (
            f"{result['clips']:,} clips, the video stage from nothing: processes "
            f"{_each(times['seconds']['processes'])} s, two Ray nodes "
            f"{_each(times['seconds']['ray'])} s, {times['ray_against_processes']:.2f} times as "
            f"long (goal: at most {times['goal']:.2f}). Ids and hashes of all files "
            f"{'are the same' if times['identical'] else 'DIFFER'}."
        )
        yield ""
    if "kills" in result:
        yield _kills(result["kills"])


def _kills(kills: Result) -> str:
    return (
        f"One of two nodes killed with -9 at a random moment, {kills['rounds']} rounds of "
        f"{kills['clips']} clips: {kills['ended']} ended, {kills['killed_in_mid_run']} were hit in "
        f"mid-run; in {kills['accounted']} every video was accounted for once, in "
        f"{kills['identical']} the bytes were those of an undisturbed run."
    )


def _each(seconds: list[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in seconds)


def _lists(result: Result) -> Iterator[str]:
    yield "## Scale: lists of all users"
    yield ""
    yield (
        f"`vireo recommend --all`, lists of ten by six experts, the usual rules, two workers, "
        f"loading included. Goal: {result['goal']['lists_per_second']:,} lists/s at "
        f"{result['goal']['videos']:,} videos, and memory that does not grow with the viewers."
    )
    yield ""
    heads = ("videos", "content", "viewers", "lists/s", "the command, MB", "largest worker, MB")
    yield from table(
        (*heads, "load"),
        [
            (
                f"{row['videos']:,}",
                f"{row['dimension']}",
                f"{row['users']:,}",
                f"{row['lists_per_second']:,.0f}",
                f"{row['command_mb']:,.0f}",
                f"{row['largest_worker_mb']:,.0f}",
                f"{row['load_average']:.1f}",
            )
            for row in result["rows"]
        ],
    )


def _events(result: Result) -> Iterator[str]:
    yield "## Scale: millions of events"
    yield ""
    rows = result["rows"]
    sizes = [
        f"{r['events']:,} events of {r['users']:,} viewers on {r['videos']:,} videos" for r in rows
    ]
    yield (
        f"Each step in a process of its own: processor microseconds per event, and the most memory "
        f"in MB (goal: {result['goal']['gigabytes']} GiB). Sizes: {'; '.join(sizes)}."
    )
    yield ""
    yield from table(
        ("step", *(f"{row['events']:,}" for row in rows)),
        [
            (first["step"], *(_step(row["steps"][place], row["events"]) for row in rows))
            for place, first in enumerate(rows[0]["steps"])
        ],
    )


def _step(step: Result, events: int) -> str:
    if "failed" in step:
        return f"failed ({step['failed'][:40]})"
    note = " (steps aside)" if "aside" in str(step["note"]) else ""
    return f"{1e6 * step['processor_seconds'] / events:.2f}, {step['peak_mb']:,}{note}"


def _growth(result: Result) -> Iterator[str]:
    yield "## Scale: how cost grows"
    yield ""
    yield "![time and memory against size](growth.svg)"
    yield ""
    yield (
        "Processor seconds and MB above rest at 1, 10 and 100 times a small world; the exponents "
        "are of the last step. 1 is proportional; n log n is about 1.1 here."
    )
    yield ""
    yield from table(
        ("stage", "seconds", "exponent", "MB", "exponent", ""),
        [_grown(row) for row in result["rows"]],
    )


def _grown(row: Result) -> tuple[str, ...]:
    points = row["points"]
    seconds = ", ".join(f"{point['processor_seconds']:g}" for point in points)
    mb = ", ".join(f"{point['mb']:,.0f}" for point in points)
    exponents = [row["time_exponent"], row["memory_exponent"]]
    time, memory = ("-" if one is None else f"{one:.2f}" for one in exponents)
    return row["stage"], seconds, time, mb, memory, row.get("reason", "")


def _paper(growth: Result, lists: Result, events: Result) -> Iterator[str]:
    """Unit costs times the counts of a large platform."""
    yield "## Scale: a hundred million videos and a billion viewers, on paper"
    yield ""
    yield (
        f"Reckoned, not measured: the unit costs above times {VIDEOS:,} videos, of which "
        f"{NEW_SHARE:.0%} are new each day, and {VIEWERS:,} viewers; {COMING:.0%} of them come on "
        f"a day with {EVENTS_A_DAY} events each; ${CORE_HOUR} for an hour of a core. A list is "
        "reckoned as costing what it costs at the size measured: see docs/scale.md for what makes "
        "that so."
    )
    yield ""
    yield from table(
        ("what", "per unit", "a day", "cores, all day", "$ a month"),
        [_priced(*unit) for unit in _units(growth, lists, events)],
    )


def _priced(name: str, seconds: float, unit: str, count: float) -> tuple[str, ...]:
    cores = seconds * count / 86_400
    dollars = cores * 24 * DAYS * CORE_HOUR
    price = f"{1000 * seconds:.3g} core ms per {unit}"
    return name, price, f"{count:,.0f}", f"{cores:,.0f}", f"{dollars:,.0f}"


def _units(
    growth: Result, lists: Result, events: Result
) -> Iterator[tuple[str, float, str, float]]:
    """(what, core seconds per unit, unit, units a day)"""
    rows = {row["stage"]: row["points"][-1] for row in growth["rows"]}
    clips, texts = 8 * rows["video"]["times"], 100 * rows["understanding"]["times"]
    new = NEW_SHARE * VIDEOS
    yield "frames, sound, vectors", rows["video"]["processor_seconds"] / clips, "new video", new
    text = rows["understanding"]["processor_seconds"] / texts
    yield "words and text vectors", text, "new video", new
    largest = events["rows"][-1]
    steps = {step["step"]: step for step in largest["steps"] if "failed" not in step}
    daily = COMING * VIEWERS * EVENTS_A_DAY
    for name in ("ingest", "behavior", "transitions", "factors"):
        if name in steps:
            yield name, steps[name]["processor_seconds"] / largest["events"], "event", daily
    best = max(lists["rows"], key=lambda row: float(row["lists_per_second"]))
    yield "lists", 2.0 / best["lists_per_second"], "list", COMING * VIEWERS


SECTIONS: Makers = {
    "scale": _ray,
    "scale_lists": _lists,
    "scale_events": _events,
    "growth": _growth,
}
