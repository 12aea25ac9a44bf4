"""openai: any server that speaks /v1/chat/completions (Ollama, vLLM, llama.cpp, hosted ones)."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vireo.engine.base import Context
from vireo.errors import ConfigError, MissingLibrary
from vireo.language.generate.base import GenerationSection, Generator
from vireo.language.generate.wording import LONGEST_REPLY, Messages
from vireo.language.generate.writer import NoReply, Reply, Writer

if TYPE_CHECKING:
    from openai import OpenAI

_HOPELESS = (401, 403, 404)
_AGAIN = (408, 409, 425, 429)
_LEVELS = ("schema", "object", "none")
_LONGEST_WAIT = 30.0  # seconds between two tries
_MOST_BYTES = 4 * LONGEST_REPLY


def load(section: GenerationSection, context: Context) -> Generator:
    """The Writer around a server; nothing is sent before the first prompt.

    Raises ConfigError where the address or the name is missing, MissingLibrary without `openai`.
    """
    place = urlsplit(section.base_url)
    if place.scheme not in ("http", "https") or not place.hostname or not section.name:
        raise ConfigError(
            f'language.generation.model = "openai" needs base_url (now {section.base_url!r}) and '
            f"name (now {section.name!r}).",
            'Set both, such as base_url = "http://localhost:11434/v1" and name = "qwen3:4b".',
        )
    return Writer(Server(section), section, context.cache)


class Server:
    """One model of one server. Busy and failing servers are asked again, later and later."""

    remote = True

    def __init__(self, section: GenerationSection) -> None:
        self.name = f"{section.name} at {urlsplit(section.base_url).netloc.rpartition('@')[2]}"
        told = [section.base_url, section.name, section.answer_tokens]
        self.fingerprint = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        self._section = section
        self._client = _client(section)
        weakref.finalize(self, self._client.close)  # no connection outlives the one who asks
        self._level = _LEVELS.index(section.structured)
        self._limit = "max_tokens"
        self._extra: dict[str, Any] = {"temperature": 0}

    def reply(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """The server's text; raises NoReply after the last try, or at once where none can help."""
        for attempt in range(self._section.retries + 1):
            try:
                return self._adapting(messages, schema)
            except _Later as later:
                if attempt == self._section.retries:
                    raise NoReply(str(later)) from None
                time.sleep(later.wait or _backoff(attempt))
        raise AssertionError("the last try returns or raises")

    def _adapting(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """One try, with the habits that the server refuses given up one by one."""
        for _ in range(5):
            try:
                return _read(self._body(messages, schema))
            except _Refused as refused:
                if not self._give_up(refused):
                    raise NoReply(str(refused)) from None
        raise NoReply("the server refused every form of the request", hopeless=True)

    def _give_up(self, refused: _Refused) -> bool:
        """Not every server knows every field: leave out what it complains of, then structure."""
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
        import openai

        asked: dict[str, Any] = {
            "model": self._section.name,
            "messages": [
                {"role": "system", "content": messages.system},
                {"role": "user", "content": messages.user},
            ],
            self._limit: self._section.answer_tokens,
            **self._extra,
            **_format(_LEVELS[self._level], schema),
        }
        deadline = time.monotonic() + self._section.timeout
        body = bytearray()
        try:
            with self._client.chat.completions.with_streaming_response.create(**asked) as answer:
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise NoReply(f"it sent more than {_MOST_BYTES} bytes")
                    if time.monotonic() > deadline:
                        raise _Later(f"no whole reply within {self._section.timeout:g} s")
        except openai.APITimeoutError:
            raise _Later(f"no reply within {self._section.timeout:g} s") from None
        except openai.APIStatusError as error:
            raise _judged(error.status_code, error.response.headers, str(error)) from None
        except openai.OpenAIError as error:
            raise _Later(f"it cannot be reached: {error.__cause__ or error}") from None
        except _transport_errors() as error:
            raise _Later(f"the connection broke: {error}") from None
        return bytes(body)


class _Later(Exception):
    """Try again, after `wait` seconds if the server named them."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class _Refused(Exception):
    """The server does not like the form of the request."""

    def __init__(self, text: str) -> None:
        super().__init__(f"it refused the request: {text[:200]}")
        self.text = text


def _judged(status: int, headers: Mapping[str, str], text: str) -> Exception:
    what = f"it answered {status}: {text[:160]}"
    if status in _HOPELESS:
        return NoReply(what, hopeless=True)
    if status in _AGAIN or status > 500:
        return _Later(what, _named_wait(headers))
    # llama.cpp answers 500 to a schema in the form that others want
    return _Refused(text) if status != 500 or "schema" in text else _Later(what)


def _named_wait(headers: Mapping[str, str]) -> float:
    """Seconds of Retry-After, within reason; 0 where it names none (or a date)."""
    try:
        return min(_LONGEST_WAIT, max(0.0, float(headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0


def _backoff(attempt: int) -> float:
    """Seconds before the next try: doubled each time, spread so that clients do not march."""
    return float(min(_LONGEST_WAIT, 0.5 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311


def _format(level: str, schema: dict[str, Any]) -> dict[str, Any]:
    if level == "schema":
        named = {"name": "answer", "schema": schema, "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    if level == "object":
        return {"response_format": {"type": "json_object", "schema": schema}}
    return {}


def _read(body: bytes) -> Reply:
    """The text of a chat completion; raises _Later for what is none."""
    try:
        answer = json.loads(body.decode("utf-8", "replace"), strict=False)
        text = answer["choices"][0]["message"]["content"] or ""
        usage = dict(answer.get("usage") or {})
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise _Later(f"what it sent is no chat completion: {body[:80]!r}") from None
    sent, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if isinstance(sent, int) and isinstance(written, int):
        return Reply(str(text), (sent, written))
    return Reply(str(text))


def _transport_errors() -> tuple[type[Exception], ...]:
    """What the client's transport raises while a body is read; openai does not wrap it."""
    import httpx2

    return (httpx2.HTTPError, httpx2.StreamError)


def _client(section: GenerationSection) -> OpenAI:
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        raise MissingLibrary(
            "The library openai, which speaks to model servers, is not installed.",
            'pip install "vireo-recommender[generate]"',
        ) from None
    return OpenAI(
        base_url=section.base_url,
        api_key=os.environ.get(section.key_variable) or "none",
        timeout=section.timeout,
        max_retries=0,  # tried again here, where the budget and the reasons are
        # a redirect could carry the data to a place that the config does not name
        http_client=DefaultHttpxClient(follow_redirects=False),
    )
