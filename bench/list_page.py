"""The part of docs/benchmarks.md about lists: how long they take, what rules and sentences bring.

Every section is made from one file of bench/results, and is left out where the file is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.sections import Makers, Result, sections, table, typed


def list_sections(results: Path) -> str:
    """The sections of those files of SECTIONS that are in this folder."""
    return sections(results, SECTIONS, _made)


def _speed(result: Result) -> Iterator[str]:
    yield "## Lists: how long one takes"
    yield ""
    yield (
        "Made-up vectors and histories, every rule on, lists of 20 in one process, warm, one after "
        "the other. Recall: the share of the true 100 nearest that an index finds for users "
        "outside of its tuning, the least of all indexes. Processor: the median of the process's "
        "own time. Load: the machine's load average; above 1, others took part of it."
    )
    yield ""
    yield from table(
        (
            "videos",
            "median ms",
            "goal",
            "99% ms",
            "goal",
            "processor ms",
            "load",
            "recall@100",
            "indexes made in s",
        ),
        [
            (
                f"{row['videos']:,}",
                f"{row['median_ms']:.1f}",
                _goal(row, "median_ms"),
                f"{row['p99_ms']:.1f}",
                _goal(row, "p99_ms"),
                f"{row['median_processor_ms']:.1f}",
                f"{row['load_average']:.1f}",
                f"{min(row['recall@100'].values(), default=1.0):.4f}",
                f"{row['indexes_seconds']:.0f}",
            )
            for row in result["rows"]
        ],
    )


def _goal(row: Result, figure: str) -> str:
    return f"under {row['goal'][figure]:g}" if row.get("goal") else ""


def _rules(result: Result) -> Iterator[str]:
    yield "## Lists: what diversity and calibration cost"
    yield ""
    yield (
        f"MovieLens-1M, the last film of {result['users']:,} users hidden, full ranking, scores by "
        "`ease-recent`. Intra-list diversity: the mean of 1 - cosine of the genres. Divergence: "
        "Jensen-Shannon, in bits, between the genres of the history and of the list. Changes are "
        "against the first row; in brackets 95% intervals over users."
    )
    yield ""
    yield "![NDCG@10 against diversity and calibration](diversity.svg)"
    yield ""
    heads = ("`diversity`", "`calibration`", "NDCG@10", "change", "intra-list diversity", "change")
    yield from table(
        (*heads, "divergence", "change"),
        [
            (
                f"{row['diversity']:g}",
                f"{row['calibration']:g}",
                f"{row['ndcg@10']:.4f}",
                f"{_percent(row['ndcg_change'])} ({_span(row['ndcg_change_interval'])})",
                f"{row['ild']:.4f}",
                _percent(row["ild_change"]),
                f"{row['js']:.4f}",
                _percent(row["js_change"]),
            )
            for row in result["curve"]
        ],
    )
    yield ""
    yield "Places that new films get (a tenth of the films made new), by `new_share`:"
    yield ""
    yield from table(
        ("quota", "share of all places", "of the quota"),
        [
            (
                f"{row['quota']:g}",
                f"{row['share']:.4f}",
                _percent(row["share"] / row["quota"] - 1) if row["quota"] else "",
            )
            for row in result["new_videos"]
        ],
    )
    yield ""
    found = result["counterfactuals"]
    yield (
        f"Counterfactuals: asked for {found['asked']} films on lists, {found['shown']} were shown "
        f"({found['own_videos'] / max(found['shown'], 1):.1f} own films each); "
        f"{found['holds']} of them hold when a second recommender is asked, and in "
        f"{found['nothing_to_spare']} no film could be spared."
    )


def _sentence(result: Result) -> Iterator[str]:
    yield "## Lists: a sentence is all that is known"
    yield ""
    yield (
        f"MovieLens-1M. Of {result['users']:,} viewers whose ratings nothing was fitted on, one "
        "sentence is known: the tags of three random films of theirs. All their other films count. "
        f"Fitted on {result['fitted_on']:,} other viewers; settings chosen on "
        f"{result['chosen_on']:,} others again. The first sentence: “{result['example']}”."
    )
    yield ""
    rows = sorted(result["ndcg@10"].items(), key=lambda row: -row[1])
    yield from table(
        ("list by", "NDCG@10", f"`{result['chosen']}` against it"),
        [(name, f"{value:.4f}", _against(result["over"].get(name))) for name, value in rows],
    )


def _against(row: Result | None) -> str:
    return f"{_percent(row['change'])} ({_span(row['interval'])})" if row else ""


def _ranker(result: Result) -> Iterator[str]:
    yield "## Lists: an order that is learnt"
    yield ""
    yield (
        "LambdaMART over the sources' scores and what no expert reads, against their plain sum. "
        "Trained on half of the held-back viewers, measured on the other half; it is used only "
        "where the whole 95% interval of the change lies above 0."
    )
    yield ""
    yield from table(
        ("data", "viewers", "NDCG@10 of the sum", "learnt", "change, 95% interval", "used"),
        [
            (
                row["data"],
                f"{row['users']:,}",
                f"{row['ndcg@10']['sum']:.4f}",
                f"{row['ndcg@10']['learned']:.4f}",
                f"{row['change'][0]:+.4f} to {row['change'][1]:+.4f}",
                "yes" if row["adopted"] else "no",
            )
            for row in result["rows"]
        ],
    )


def _all_users(result: Result) -> Iterator[str]:
    yield "## Lists: all users, one after the other"
    yield ""
    yield (
        f"The first {result['list_length']} for all viewers of {result['split']}, after training, "
        "each system in a process of its own with two threads; medians of the rounds. "
        "`vireo-small` and `vireo-medium`: the experts that have a weight there, by the size of "
        "the network."
    )
    yield ""
    against = next(key for key in result["rows"][0] if key.startswith("against"))
    yield from table(
        ("system", "lists/s", against, "rounds"),
        [
            (
                f"`{row['system']}`",
                f"{row['lists_per_second']:,.0f}",
                f"{row[against]:.2f}",
                ", ".join(f"{one:,.0f}" for one in row["rounds"]),
            )
            for row in sorted(result["rows"], key=lambda row: -row["lists_per_second"])
        ],
    )


SECTIONS: Makers = {
    "lists": _speed,
    "top_lists": _all_users,
    "diversity": _rules,
    "sentence": _sentence,
    "ranker": _ranker,
}


def _made(result: Result) -> str:
    return f"{result['date'][:10]}, {result['machine']}: `{typed(result)}`"


def _percent(share: float) -> str:
    return f"{100 * share:+.1f}%"


def _span(bounds: Sequence[float]) -> str:
    low, high = bounds
    return f"{_percent(low)} to {_percent(high)}"
