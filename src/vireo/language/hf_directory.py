"""Hugging Face directory of a text model: validation, fingerprint, tokenizer, network."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vireo.errors import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model")


def weights_of(directory: Path) -> list[Path]:
    """The safetensors files of a model, sorted; raises InputError that says what is missing."""
    if not directory.is_dir():
        raise _not_a_model(directory, "it is not a directory")
    if not (directory / "config.json").is_file():
        raise _not_a_model(directory, "config.json is missing")
    weights = sorted(directory.glob("*.safetensors"))
    if not weights:
        raise _not_a_model(directory, "it holds no *.safetensors (pickled weights are not read)")
    if not any((directory / name).is_file() for name in _TOKENIZERS):
        raise _not_a_model(directory, "it has no tokenizer.json, so it does not read text")
    return weights


def settings_of(directory: Path) -> dict[str, Any]:
    """config.json; raises InputError when it is not the config of an encoder of text."""
    try:
        settings = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _not_a_model(directory, f"config.json cannot be read: {error}") from None
    if not isinstance(settings, dict) or not isinstance(settings.get("hidden_size"), int):
        raise _not_a_model(directory, "config.json names no hidden_size")
    return settings


def fingerprint_of(directory: Path, salt: str) -> str:
    """A hash of the weights, the config, the tokenizer and `salt`: 64 hexadecimal digits."""
    whole = hashlib.sha256(salt.encode())
    names = [directory / "config.json", directory / "tokenizer.json", *weights_of(directory)]
    for path in names:
        if path.is_file():
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def load_tokenizer(directory: Path) -> Tokenizer:
    """The fast tokenizer, cutting and padding switched off.

    Words that spell a special token ("[SEP]") stay words: a title must not end a sequence.
    """
    from tokenizers import Tokenizer

    path = directory / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path)) if path.is_file() else _converted(directory)
    except Exception as error:  # the library raises bare Exceptions
        raise _not_a_model(directory, f"its tokenizer: {_first_line(error)}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def frame_of(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens before and after every text, such as [CLS] and [SEP]."""
    framed: list[int] = tokenizer.encode("a").ids
    bare: Sequence[int] = tokenizer.encode("a", add_special_tokens=False).ids
    for start in range(len(framed) - len(bare) + 1):
        if framed[start : start + len(bare)] == bare:
            return framed[:start], framed[start + len(bare) :]
    return [], []


def load_network(directory: Path) -> Any:
    """The encoder (torch, float32, evaluation mode); reads local files only, runs no code of them.

    Raises InputError when the directory does not hold a model that embeds text.
    """
    weights_of(directory)
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to developers of models, not to our users
            network = AutoModel.from_pretrained(
                str(directory),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
            )
    except Exception as error:  # every architecture fails in its own way
        raise _not_a_model(directory, _first_line(error)) from None
    if network.config.is_encoder_decoder:
        raise _not_a_model(directory, "it is an encoder with a decoder, which gives no vectors")
    return network.eval()


def max_tokens_of(settings: dict[str, Any], requested: int) -> int:
    """Tokens per chunk: as requested, or as many as the model has positions."""
    positions = settings.get("max_position_embeddings")
    # RoBERTa and its kin spend two positions on padding
    spare = 0 if settings.get("model_type") == "bert" else 2
    return min(requested, positions - spare) if isinstance(positions, int) else requested


def _converted(directory: Path) -> Tokenizer:
    from transformers import AutoTokenizer

    slow = AutoTokenizer.from_pretrained(
        str(directory), local_files_only=True, trust_remote_code=False
    )
    tokenizer: Tokenizer = slow.backend_tokenizer
    return tokenizer


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _not_a_model(directory: Path, why: str) -> InputError:
    return InputError(
        f"{directory} is not a language model that Vireo can use: {why}.",
        "Give a Hugging Face directory with config.json, model.safetensors and tokenizer.json, "
        'or set language.model = "minilm".',
    )
