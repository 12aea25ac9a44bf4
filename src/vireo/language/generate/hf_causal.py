"""local: a causal model from a Hugging Face directory, in this process."""

from __future__ import annotations

import threading
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

from vireo.engine.base import Context
from vireo.errors import ConfigError, InputError
from vireo.language.generate.base import GenerationSection, Generator
from vireo.language.generate.guarded_generator import GuardedGenerator, NoReply, Reply
from vireo.language.generate.messages import Messages
from vireo.language.hf_directory import fingerprint_of, load_tokenizer, weights_of


def load(section: GenerationSection, context: Context) -> Generator:
    """Generator of a model directory; raises ConfigError or InputError for what is none."""
    if not section.path:
        raise ConfigError(
            'language.generation.model = "local" needs language.generation.path, which is empty.',
            "Set it to the Hugging Face directory of a causal model.",
        )
    return GuardedGenerator(
        HfCausalModel(Path(section.path).expanduser(), section), section, context.cache
    )


class HfCausalModel:
    """Greedy decoding, one prompt at a time, within the time limit; loaded when first asked."""

    remote = False

    def __init__(self, directory: Path, section: GenerationSection) -> None:
        weights_of(directory)
        self.name = directory.name
        self.fingerprint = fingerprint_of(directory, f"greedy, {section.max_output_tokens}")
        self._directory = directory
        self._section = section
        self._turn = threading.Lock()

    def reply(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """Its text; raises NoReply for a prompt that does not fit, or a model that cannot write."""
        with self._turn:
            try:
                return self._written(messages)
            except InputError as error:
                raise NoReply(error.what, hopeless=True) from None

    def _written(self, messages: Messages) -> Reply:
        import torch

        ids = self._tokens(messages)
        positions = getattr(self._network.config, "max_position_embeddings", None)
        new = self._section.max_output_tokens
        if positions is not None and len(ids) + new > positions:
            raise NoReply(
                f"{len(ids)} tokens and an answer of {new} exceed its {positions} positions"
            )
        asked = torch.tensor([ids])
        with torch.inference_mode(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to developers of models
            out = self._network.generate(
                input_ids=asked,
                attention_mask=torch.ones_like(asked),
                max_new_tokens=new,
                max_time=self._section.timeout_seconds,
                do_sample=False,
            )
        fresh = out[0, len(ids) :].tolist()
        return Reply(self._tokenizer.decode(fresh), (len(ids), len(fresh)))

    def _tokens(self, messages: Messages) -> list[int]:
        """By the model's own chat template; without one, system and user text in a row.

        The template's marks are its own tokens; the same words in a text were escaped before.
        """
        template = self._directory / "chat_template.jinja"
        if not (template.is_file() or "chat_template" in self._settings):
            text = f"{messages.system}\n\n{messages.user}\n\n"
            ids: list[int] = self._tokenizer.encode(text).ids
            return ids
        from transformers import AutoTokenizer

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chat = AutoTokenizer.from_pretrained(str(self._directory), local_files_only=True)
        turns = [
            {"role": "system", "content": messages.system},
            {"role": "user", "content": messages.user},
        ]
        made = chat.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)
        return [int(number) for number in made["input_ids"]]

    @cached_property
    def _settings(self) -> str:
        path = self._directory / "tokenizer_config.json"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    @cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self._directory)

    @cached_property
    def _network(self) -> Any:
        return load_causal(self._directory).eval()


def load_causal(directory: Path) -> Any:
    """The causal model (torch, float32) of a directory; local files only, runs no code of them.

    Raises InputError where the directory holds none.
    """
    weights_of(directory)
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return AutoModelForCausalLM.from_pretrained(
                str(directory),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
            )
    except Exception as error:  # every architecture fails in its own way
        raise InputError(f"{directory} holds no causal model: {error}") from None
