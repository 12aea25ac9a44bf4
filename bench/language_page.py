"""The part of docs/benchmarks.md about the language model: reading speed, and training it.

Every section is made from one file of bench/results, and is left out where the file is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.sections import Makers, Result, sections, table, typed


def section(results: Path) -> str:
    """The sections of those files of SECTIONS that are in this folder."""
    return sections(results, SECTIONS, _made)


def _embedding(result: Result) -> Iterator[str]:
    yield "## Language model: texts read a second"
    yield ""
    yield (
        f"{result['texts']:,} titles, descriptions and pieces of dialogue of TED's talks, in "
        "turns; the best turn of each counts, loading left out. Cosine: the least, to the vector "
        "of sentence-transformers. Neighbours: the share of the ten nearest that both agree on."
    )
    yield ""
    yield from table(
        ("system", "texts/s", "times", "processor s", "times", "cosine", "neighbours"),
        [
            (
                name,
                f"{row['texts_per_second']:.1f}",
                f"{row['times']:.2f}",
                f"{row['processor_seconds']:.1f}",
                f"{row['processor_times']:.2f}",
                f"{row['least_cosine']:.5f}",
                f"{row['same_top_10']:.3f}",
            )
            for name, row in result["systems"].items()
        ],
    )
    yield ""
    plots, talks = result["plots"], result.get("talks")
    yield (
        f"All {plots['plots']:,} plots of MovieLens-1M: {plots['cold_seconds']:.1f} s with an "
        f"empty cache, {plots['warm_seconds']:.2f} s with a full one."
    )
    if talks:
        yield ""
        yield (
            f"Whole dialogues: {talks['read']} of {talks['of']:,} talks, evenly spread, took "
            f"{talks['seconds']:.0f} s ({talks['processor_seconds']:.0f} s of processors). All of "
            f"them, at that pace: {talks['all_minutes']:.1f} minutes (an estimate, not a run)."
        )


def _contrastive(result: Result) -> Iterator[str]:
    yield "## Pretraining: contrastive, on TED's own dialogue"
    yield ""
    yield from _tuned(result)


def _masked(result: Result) -> Iterator[str]:
    yield "## Pretraining: masked, on TED's own dialogue"
    yield ""
    yield from _tuned(result)


def _tuned(result: Result) -> Iterator[str]:
    training = result["training"]
    reading = result["reading"]
    yield (
        f"Recall@6 of related talks, which the training never saw, over {result['talks']:,} talks. "
        f"Both models read {reading['max_chunks']} spread chunks of {reading['max_tokens']} "
        "tokens of a dialogue. Fused: with the counted words beside it, as Vireo's lists use it. "
        "In brackets 95% intervals of the change, paired over talks."
    )
    yield ""
    rows = []
    for group, kept in (
        ("all talks", result["recall@6"]),
        ("held-out talks", result["recall@6 of held-out talks"]),
    ):
        for name, figures in kept.items():
            change, low, high = figures["change"]
            rows.append(
                (
                    group,
                    name,
                    f"{figures['before']:.4f}",
                    f"{figures['after']:.4f}",
                    f"{figures['change_percent']:+.1f}%",
                    f"{change:+.4f} ({low:+.4f} to {high:+.4f})",
                )
            )
    yield from table(("talks", "vectors", "before", "after", "change", "change in recall"), rows)
    yield ""
    ranks = result["title found by description, mean reciprocal rank"]
    yield (
        f"Held-out loss {training['heldout_loss_before']:.3f} before, "
        f"{training['heldout_loss_after']:.3f} after {training['taken_from_step']} steps (nats per "
        f"{training['unit']}). A description finds its title: mean reciprocal rank "
        f"{ranks['before']:.3f} before, {ranks['after']:.3f} after. Training took "
        f"{result['processor_seconds']:,.0f} s of processors."
    )


def _causal(result: Result) -> Iterator[str]:
    yield "## Pretraining: causal, from scratch, against Kneser-Ney"
    yield ""
    held = result["heldout"]
    yield (
        f"{held['words']:,} words ({held['bytes']:,} bytes) of held-out TED talks. Bits a byte do "
        "not depend on how a text is cut, so vocabularies compare. Kneser-Ney: interpolated, "
        "modified, 5-grams. The causal model saw "
        f"{result['training']['steps']:,} steps in {result['processor_seconds']:,.0f} s of "
        "processors."
    )
    yield ""
    yield from table(
        ("model", "vocabulary", "bits a byte", "perplexity a word"),
        [
            (
                row["model"],
                f"{row['vocabulary']:,}",
                f"{row['bits_a_byte']:.4f}",
                f"{row['perplexity_a_word']:.1f}",
            )
            for row in result["rows"]
        ],
    )


def _cost(result: Result) -> Iterator[str]:
    yield "## Language model: cost of records by an LLM"
    yield ""
    yield (
        f"Tokens of {result['videos']:,} videos, counted by the dry run over a build's prompts; "
        f"a prompt holds at most {result['input_tokens']:,} tokens of a video's text, an answer at "
        f"most {result['answer_tokens']}. The count is the embedded model's; others cut words "
        "otherwise."
    )
    yield ""
    yield from table(
        ("catalogue", "counted on", "tokens in, a video", "tokens in", "tokens out, at most"),
        [
            (
                row["catalogue"],
                f"{row['videos']:,}",
                f"{row['tokens_in_per_video']:,.0f}",
                f"{row['tokens_in'] / 1e6:.1f} million",
                f"{row['most_tokens_out'] / 1e6:.1f} million",
            )
            for row in result["rows"]
        ],
    )


SECTIONS: Makers = {
    "embedding": _embedding,
    "cost": _cost,
    "pretrain-contrastive": _contrastive,
    "pretrain-masked": _masked,
    "pretrain-causal": _causal,
}


def _made(result: Result) -> str:
    machine = result["machine"]
    if isinstance(machine, str):
        load = f", load {result['load_average']:.1f}" if "load_average" in result else ""
    else:  # an older file
        machine, load = machine["processor"], f", load {machine['load']:.1f}"
    return f"`{typed(result)}`, {result['date'][:10]}, {machine}{load}."
