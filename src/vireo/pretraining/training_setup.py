"""Setup: input of `trainer.py`; helpers that several objectives share."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from vireo.errors import MissingLibrary
from vireo.language.precision import resolved
from vireo.pretraining.base import PretrainingSection
from vireo.pretraining.objective import B, ObjectiveModel
from vireo.pretraining.trainer import Draw, TrainingPlan
from vireo.settings import Size

_KEPT = ("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")


@dataclass(frozen=True)
class Setup(Generic[B]):
    """Model, data, schedule and output of a training."""

    learner: ObjectiveModel[B]
    draw: Draw[B]
    heldout: Sequence[B]
    plan: TrainingPlan
    save: Callable[[Path], None]
    """Write the trained model into a new directory, in Hugging Face's layout."""
    about: Mapping[str, Any]
    """Entries of the report beside the losses; `unit` names what one loss is per."""
    writes: bool = False
    """Whether the model generates text instead of embeddings."""


def halved(section: PretrainingSection) -> bool:
    """Whether products are computed in bfloat16."""
    if section.precision == "auto" and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return resolved(section.precision) == "bfloat16"


def planned(
    section: PretrainingSection,
    per_epoch: int,
    epochs: Mapping[Size, int],
    most: Mapping[Size, int],
    rate: float,
    seed: int,
) -> TrainingPlan:
    """The steps that the section names, or so many epochs of `per_epoch` steps, up to a limit."""
    derived = min(most[section.size], epochs[section.size] * max(1, per_epoch))
    steps = section.steps or derived
    return TrainingPlan(
        steps=steps,
        head_steps=0,
        learning_rate=section.learning_rate or rate,
        seed=seed,
        measures=8 if steps <= 200 else 20,
        patience=section.patience,
        half=halved(section),
    )


def with_lora(network: Any, rank: int) -> Any:
    """The network with low-rank additions (Hu et al. 2022) in place of its own training.

    Raises MissingLibrary without `peft`.
    """
    if not rank:
        return network
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise MissingLibrary(
            "pretraining.lora_rank needs the library peft.", 'pip install "vireo-recommender[lora]"'
        ) from None
    added = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        target_modules="all-linear",
        exclude_modules=r"pooler\..*",  # not on the way to any loss
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks Transformers by names that are going away
        return get_peft_model(network, added)


def merged(network: Any) -> Any:
    """The network with its additions added to its weights; one without any as it is."""
    return network.merge_and_unload() if hasattr(network, "merge_and_unload") else network


def write_model(network: Any, tokenizer: Tokenizer, base: Path | None, directory: Path) -> None:
    """Weights in safetensors, config and tokenizer; those of `base` where there is one."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for name in _KEPT if base else ():
        if (base / name).is_file():  # type: ignore[operator]
            shutil.copyfile(base / name, directory / name)  # type: ignore[operator]
    if base is None:
        network.config.save_pretrained(directory)
    if not (directory / "tokenizer.json").is_file():
        tokenizer.save(str(directory / "tokenizer.json"))
        about = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
        }
        (directory / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")
    tied = {"lm_head.weight"} if getattr(network.config, "tie_word_embeddings", False) else set()
    weights = {
        name: value.detach().cpu().contiguous()
        for name, value in network.state_dict().items()
        if name not in tied
    }
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
