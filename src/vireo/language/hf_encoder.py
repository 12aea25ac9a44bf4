"""hub: text encoder of a Hugging Face directory, or downloaded by name."""

from __future__ import annotations

from pathlib import Path

from vireo.engine.base import Context
from vireo.errors import ConfigError, InputError, VireoError
from vireo.language.base import LanguageModel, LanguageSection
from vireo.language.distributed_encoder import encoder

_FILE_PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model"]


def load(
    section: LanguageSection, context: Context, model_dir: Path | None = None
) -> LanguageModel:
    """The model at `section.path`; raises VireoError when it is none or cannot be fetched."""
    directory = model_dir or _directory(section.path)
    return encoder(directory, section, context.cache, context.engine)


def _directory(path: str) -> Path:
    if not path:
        raise ConfigError(
            'language.model = "hub" needs language.path, which is empty.',
            'Set language.path to a Hugging Face directory, or language.model = "minilm".',
        )
    local = Path(path).expanduser()
    if local.exists():
        return local
    if local.is_absolute() or path.startswith(".") or path.count("/") > 1:
        raise InputError(f"There is no directory {path}.", "Mend language.path in vireo.toml.")
    return _fetched(path)


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_FILE_PATTERNS))
    except Exception as error:  # network, proxy, rights, spelling: all mean "not here"
        reason = str(error).strip().splitlines()
        raise VireoError(
            f"The model '{name}' is no directory here and could not be fetched: "
            f"{reason[0] if reason else type(error).__name__}",
            "Check language.path and the network, or give a directory that holds the model.",
        ) from None
