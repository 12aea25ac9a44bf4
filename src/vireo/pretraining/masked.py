"""masked: the base encoder goes on guessing masked words, now those of the catalogue."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from vireo.config import Config
from vireo.engine.base import Context
from vireo.language import LocalWeights, load
from vireo.language.chunks import thinned
from vireo.language.directory import frame_of, load_network, load_tokenizer
from vireo.pretraining.base import Checkpoint, Corpus, Document, PretrainingSection
from vireo.pretraining.loop import Journal, Plan, fit
from vireo.pretraining.masking import (
    PIECE_TOKENS,
    Batch,
    Tokens,
    Vocabulary,
    batches_of,
    masked,
    schedule,
)
from vireo.pretraining.network import MaskedModel

_EPOCHS = {"small": 1, "medium": 3, "large": 6}
_MOST_STEPS = {"small": 40, "medium": 1000, "large": 10_000}
_HELDOUT_PIECES = 64
_METHOD = "masked 1"  # part of the recipe: change it with the arithmetic
_MASK_TOKENS = ("[MASK]", "<mask>")
_KEPT = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")


def train(corpus: Corpus, config: Config, context: Context) -> Checkpoint:
    """The tuned encoder as a Hugging Face directory below `context.cache`, with its losses.

    A finished recipe is taken from the cache, an interrupted one goes on. Where the base model
    cannot guess masked words, the Checkpoint has no model and its report says why.
    """
    base = load(config.language, context)
    if not isinstance(base, LocalWeights):
        return Checkpoint(None, {"reason": "The language model's weights are not on this machine."})
    tokenizer = load_tokenizer(base.directory)
    words = _vocabulary(tokenizer)
    if words is None:
        return Checkpoint(None, {"reason": "The language model has no mask token to be tuned by."})
    recipe = _recipe(corpus, config.pretraining, base.fingerprint, context.seed)
    shelf = context.cache / "pretraining" / recipe
    if not (shelf / "report.json").exists():
        _train(corpus, config.pretraining, context, base.directory, tokenizer, words, shelf)
    report = json.loads((shelf / "report.json").read_text(encoding="utf-8"))
    return Checkpoint(shelf / "model", report)


def _train(
    corpus: Corpus,
    section: PretrainingSection,
    context: Context,
    base: Path,
    tokenizer: Tokenizer,
    words: Vocabulary,
    shelf: Path,
) -> None:
    """Train and leave `model/` and `report.json` on the shelf; the report comes last."""
    seed = context.seed % 2**32
    network = load_network(base)
    room = min(PIECE_TOKENS, getattr(network.config, "max_position_embeddings", PIECE_TOKENS))
    pieces = _pieces(corpus.train, tokenizer, room, words)
    plan = _plan(section, pieces, seed)
    model = MaskedModel(network, torch.Generator().manual_seed(seed))
    order = schedule([len(piece) for piece in pieces], plan.head_steps + plan.steps, seed)

    def draw(step: int) -> Batch:
        random = np.random.default_rng([seed, 3, step])
        return masked([pieces[row] for row in order[step]], section.mask_share, words, random)

    unseen = _fixed(
        _pieces(corpus.heldout, tokenizer, room, words), section.mask_share, words, seed
    )
    state = shelf / "state.safetensors"
    journal = fit(model, draw, unseen, plan, state, context.progress)
    _write_model(model, base, shelf / "model")
    _write_json(shelf / "report.json", _report(journal, plan, pieces, unseen))
    state.unlink(missing_ok=True)


def _plan(section: PretrainingSection, pieces: Sequence[Tokens], seed: int) -> Plan:
    """Steps from the section, or a few epochs of the corpus up to a limit by size."""
    lengths = np.array([len(piece) for piece in pieces])
    per_epoch = len(batches_of(lengths, np.argsort(-lengths, kind="stable")))
    derived = min(_MOST_STEPS[section.size], _EPOCHS[section.size] * per_epoch)
    steps = section.steps or derived
    return Plan(steps, max(5, steps // 2), section.learning_rate, seed)


def _pieces(
    documents: Sequence[Document], tokenizer: Tokenizer, room: int, words: Vocabulary
) -> list[Tokens]:
    """Documents cut into framed pieces of at most `room` tokens, one after the other.

    A piece without a known word (emoji alone, say) teaches nothing and is left out.
    """
    before, after = frame_of(tokenizer)
    body = room - len(before) - len(after)
    texts = [thinned(document.text) for document in documents]
    pieces = []
    for encoding in tokenizer.encode_batch(texts, add_special_tokens=False):
        ids = encoding.ids
        bodies = [ids[start : start + body] for start in range(0, len(ids), body)]
        pieces += [[*before, *b, *after] for b in bodies if not words.special.issuperset(b)]
    return pieces


def _fixed(
    pieces: Sequence[Tokens], share: float, words: Vocabulary, seed: int
) -> tuple[Batch, ...]:
    """The held-out batches: the same pieces and the same masks at every measurement."""
    random = np.random.default_rng([seed, 4])
    rows = np.sort(random.permutation(len(pieces))[:_HELDOUT_PIECES])
    chosen = sorted((pieces[row] for row in rows), key=len, reverse=True)
    if not chosen:
        return ()
    lengths = np.array([len(piece) for piece in chosen])
    return tuple(
        masked([chosen[row] for row in batch], share, words, random)
        for batch in batches_of(lengths, np.arange(len(chosen)))
    )


def _vocabulary(tokenizer: Tokenizer) -> Vocabulary | None:
    for token in _MASK_TOKENS:
        number = tokenizer.token_to_id(token)
        if number is not None:
            special = {
                i for i, added in tokenizer.get_added_tokens_decoder().items() if added.special
            }
            return Vocabulary(number, tokenizer.get_vocab_size(), frozenset(special))
    return None


def _recipe(corpus: Corpus, section: PretrainingSection, base: str, seed: int) -> str:
    whole = hashlib.sha256()
    for part in (_METHOD, base, str(seed), section.model_dump_json()):
        whole.update(part.encode() + b"\0")
    for documents in (corpus.train, corpus.heldout):
        for document in documents:
            whole.update(f"{document.video_id}\0{document.text}\0".encode())
        whole.update(b"\0")
    return whole.hexdigest()[:20]


def _report(
    journal: Journal, plan: Plan, pieces: Sequence[Tokens], unseen: Sequence[Batch]
) -> dict[str, Any]:
    after = journal.curve[-1]["heldout_loss"] if unseen and journal.curve else None
    return {
        "steps": plan.steps,
        "head_steps": plan.head_steps,
        "pieces": len(pieces),
        "heldout_words": sum(len(batch.words) for batch in unseen),
        "heldout_loss_fresh_head": journal.fresh if unseen else None,
        "heldout_loss_before": journal.before if unseen else None,
        "heldout_loss_after": after,
        "loss_note": "Nats per masked word of held-out videos. Before: the base encoder with a "
        "new head that was fitted while the encoder was frozen. After: both were trained on.",
        "curve": journal.curve,
    }


def _write_model(model: MaskedModel, base: Path, directory: Path) -> None:
    """The encoder in the layout that it came in, with its tokenizer; the head is not kept."""
    half = directory.with_name("model.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    for name in _KEPT:
        if (base / name).is_file():
            shutil.copyfile(base / name, half / name)
    weights = {name: value.contiguous() for name, value in model.encoder.state_dict().items()}
    save_file(weights, half / "model.safetensors", metadata={"format": "pt"})
    shutil.rmtree(directory, ignore_errors=True)
    half.rename(directory)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    half = path.with_suffix(".part")
    half.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    half.replace(path)
