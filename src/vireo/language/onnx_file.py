"""onnx: text encoder of an ONNX file with its tokenizer.json."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vireo.engine.base import Context
from vireo.errors import ConfigError, InputError
from vireo.language.base import LanguageModel, LanguageSection
from vireo.language.chunks import Chunk
from vireo.language.encoder import Encoder, LocalEncoder
from vireo.language.hf_directory import load_tokenizer, max_tokens_of
from vireo.language.onnx_network import OnnxNetwork

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_POSITIONS = 512  # where no config tells: what encoders of the BERT family have


def load(
    section: LanguageSection, context: Context, model_dir: Path | None = None
) -> LanguageModel:
    """The model in the file `section.path`; raises ConfigError or InputError when it is none."""
    if model_dir is not None:
        return Encoder(model_dir, section, context.cache)
    if not section.path:
        raise ConfigError(
            'language.model = "onnx" needs language.path, which is empty.',
            "Set it to an ONNX file that has its tokenizer.json beside it.",
        )
    return OnnxFile(Path(section.path).expanduser(), section, context.cache)


class OnnxFile(LocalEncoder):
    """Text encoder of an ONNX file; its dimension is found by a run."""

    def __init__(self, path: Path, section: LanguageSection, cache: Path) -> None:
        """Raises InputError where the file or its tokenizer is missing."""
        self._path = path
        places = [path.parent, path.parent.parent]  # Hugging Face keeps onnx/model.onnx
        homes = [place for place in places if (place / "tokenizer.json").is_file()]
        if not path.is_file() or not homes:
            missing = f"{path} is no file" if not path.is_file() else "no tokenizer.json beside it"
            raise InputError(
                f"language.path names no ONNX file that can be read: {missing}.",
                "Give an ONNX file that has its tokenizer.json beside it.",
            )
        self._home = homes[0]
        super().__init__(section, cache, _max_tokens(self._home, section.max_tokens))
        self.name = path.name
        whole = hashlib.sha256(f"{self.method()}, onnx".encode())
        for part in (path, self._home / "tokenizer.json"):
            with part.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        self.fingerprint = whole.hexdigest()

    @cached_property
    def network(self) -> OnnxNetwork:
        return OnnxNetwork(self._path)

    @cached_property
    def dimension(self) -> int:
        probe: Chunk = self.tokenizer().encode("a").ids
        ids = np.array([probe], dtype=np.int64)
        return int(self.network(ids, np.ones_like(ids, dtype=bool)).shape[1])

    def tokenizer(self) -> Tokenizer:
        return load_tokenizer(self._home)


def _max_tokens(home: Path, requested: int) -> int:
    try:
        settings = json.loads((home / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        settings = {}
    return max_tokens_of({"max_position_embeddings": _POSITIONS} | dict(settings), requested)
