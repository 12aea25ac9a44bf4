"""openai: any server with /v1/chat/completions (Ollama, vLLM, llama.cpp, hosted ones)."""

from __future__ import annotations

import hashlib
import json
import weakref
from typing import Any
from urllib.parse import urlsplit

from vireo.engine.base import Context
from vireo.errors import ConfigError
from vireo.language.generate.base import GenerationSection, Generator
from vireo.language.generate.guarded_generator import GuardedGenerator, NoReply, Reply
from vireo.language.generate.messages import MAX_REPLY, Messages
from vireo.language.openai_client import (
    PermanentError,
    RetryableError,
    UnsupportedFormatError,
    body_of,
    call_with_retries,
    client,
)

_LEVELS = ("schema", "object", "none")
_MAX_BYTES = 4 * MAX_REPLY


def load(section: GenerationSection, context: Context) -> Generator:
    """Generator of a server; nothing is sent before the first prompt.

    Raises ConfigError where the address or the name is missing, MissingLibrary without `openai`.
    """
    place = urlsplit(section.base_url)
    if place.scheme not in ("http", "https") or not place.hostname or not section.name:
        raise ConfigError(
            f'language.generation.model = "openai" needs base_url (now {section.base_url!r}) and '
            f"name (now {section.name!r}).",
            'Set both, such as base_url = "http://localhost:11434/v1" and name = "qwen3:4b".',
        )
    return GuardedGenerator(OpenAiChat(section), section, context.cache)


class OpenAiChat:
    """One model of one server. Busy and failing servers are asked again, later and later."""

    remote = True

    def __init__(self, section: GenerationSection) -> None:
        self.name = f"{section.name} at {urlsplit(section.base_url).netloc.rpartition('@')[2]}"
        identity = [section.base_url, section.name, section.max_output_tokens]
        self.fingerprint = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self._section = section
        self._client = client(section)
        weakref.finalize(self, self._client.close)  # no connection outlives the one who asks
        self._level = _LEVELS.index(section.response_format)
        self._limit = "max_tokens"
        self._extra: dict[str, Any] = {"temperature": 0}

    def reply(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """The server's text; raises NoReply after the last try, or at once where none can help."""
        try:
            return call_with_retries(
                lambda: self._adapting(messages, schema), self._section.retries
            )
        except RetryableError as later:
            raise NoReply(str(later)) from None
        except PermanentError as error:
            raise NoReply(str(error), hopeless=True) from None

    def _adapting(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """One try; request fields that the server rejects are dropped one by one."""
        for _ in range(5):
            try:
                return _read(self._body(messages, schema))
            except UnsupportedFormatError as refused:
                if not self._give_up(refused):
                    raise NoReply(str(refused)) from None
        raise NoReply("the server refused every form of the request", hopeless=True)

    def _give_up(self, refused: UnsupportedFormatError) -> bool:
        """Drop the rejected field, or else the structured output."""
        if "max_completion_tokens" in refused.text and self._limit == "max_tokens":
            self._limit = "max_completion_tokens"
        elif "temperature" in refused.text and self._extra:
            self._extra = {}
        elif self._level < len(_LEVELS) - 1:
            self._level += 1
        else:
            return False
        return True

    def _body(self, messages: Messages, schema: dict[str, Any]) -> bytes:
        """The raw answer, read within the time limit and up to a size."""

        asked: dict[str, Any] = {
            "model": self._section.name,
            "messages": [
                {"role": "system", "content": messages.system},
                {"role": "user", "content": messages.user},
            ],
            self._limit: self._section.max_output_tokens,
            **self._extra,
            **_format(_LEVELS[self._level], schema),
        }
        create = self._client.chat.completions.with_streaming_response.create
        return body_of(lambda: create(**asked), self._section.timeout_seconds, _MAX_BYTES)


def _format(level: str, schema: dict[str, Any]) -> dict[str, Any]:
    if level == "schema":
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if level == "object":
        return {"response_format": {"type": "json_object", "schema": schema}}
    return {}


def _read(body: bytes) -> Reply:
    """The text of a chat completion; raises RetryableError for an invalid one."""
    try:
        answer = json.loads(body.decode("utf-8", "replace"), strict=False)
        text = answer["choices"][0]["message"]["content"] or ""
        usage = dict(answer.get("usage") or {})
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise RetryableError(f"what it sent is no chat completion: {body[:80]!r}") from None
    sent, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if isinstance(sent, int) and isinstance(written, int):
        return Reply(str(text), (sent, written))
    return Reply(str(text))
