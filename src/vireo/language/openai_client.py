"""Client of servers with OpenAI's protocol: errors and retries."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from vireo.errors import MissingLibrary

if TYPE_CHECKING:
    from openai import OpenAI

_PERMANENT = (401, 403, 404)
_RETRYABLE = (408, 409, 425, 429)
_MAX_WAIT = 30.0  # seconds between two tries

T = TypeVar("T")


class Endpoint(Protocol):
    """Address, key and limits of a server."""

    @property
    def base_url(self) -> str: ...

    @property
    def api_key_env(self) -> str: ...

    @property
    def timeout_seconds(self) -> float: ...

    @property
    def retries(self) -> int: ...


class RetryableError(Exception):
    """Try again, after `wait` seconds if the server named them."""

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class UnsupportedFormatError(Exception):
    """The server rejected the response format of the request."""

    def __init__(self, text: str) -> None:
        super().__init__(f"it refused the request: {text[:200]}")
        self.text = text


class PermanentError(Exception):
    """A retry cannot help: unknown model or missing permission."""


def call_with_retries(ask: Callable[[], T], retries: int) -> T:
    """Result of `ask`, retried after each RetryableError; the last of these is raised."""
    for attempt in range(retries + 1):
        try:
            return ask()
        except RetryableError as later:
            if attempt == retries:
                raise
            time.sleep(later.wait or _backoff(attempt))
    raise AssertionError("the last try returns or raises")


def body_of(answer: Callable[[], Any], timeout: float, max_bytes: int) -> bytes:
    """The raw body of a streaming response, read within the time limit and up to a size.

    Raises RetryableError, UnsupportedFormatError or PermanentError for any transport error.
    """
    import openai

    deadline = time.monotonic() + timeout
    body = bytearray()
    try:
        with answer() as streamed:
            for piece in streamed.iter_bytes():
                body += piece
                if len(body) > max_bytes:
                    raise RetryableError(f"it sent more than {max_bytes} bytes")
                if time.monotonic() > deadline:
                    raise RetryableError(f"no whole reply within {timeout:g} s")
    except openai.APITimeoutError:
        raise RetryableError(f"no reply within {timeout:g} s") from None
    except openai.APIStatusError as error:
        raise judged(error.status_code, error.response.headers, str(error)) from None
    except openai.OpenAIError as error:
        raise RetryableError(f"it cannot be reached: {error.__cause__ or error}") from None
    except _transport_errors() as error:
        raise RetryableError(f"the connection broke: {error}") from None
    return bytes(body)


def judged(status: int, headers: Mapping[str, str], text: str) -> Exception:
    """Error class of an HTTP status: retry or not."""
    what = f"it answered {status}: {text[:160]}"
    if status in _PERMANENT:
        return PermanentError(what)
    if status in _RETRYABLE or status > 500:
        return RetryableError(what, _named_wait(headers))
    # llama.cpp answers 500 to a schema in the form that others want
    return (
        UnsupportedFormatError(text) if status != 500 or "schema" in text else RetryableError(what)
    )


def client(place: Endpoint) -> OpenAI:
    """A client that follows no redirect and tries nothing again by itself.

    Raises MissingLibrary without `openai`.
    """
    try:
        from openai import DefaultHttpxClient, OpenAI
    except ImportError:
        raise MissingLibrary(
            "The library openai, the client of model servers, is not installed.",
            'pip install "vireo-recommender[generate]"',
        ) from None
    return OpenAI(
        base_url=place.base_url,
        api_key=os.environ.get(place.api_key_env) or "none",
        timeout=place.timeout_seconds,
        max_retries=0,  # tried again here, where the budget and the reasons are
        # a redirect could carry the data to a place that the config does not name
        http_client=DefaultHttpxClient(follow_redirects=False),
    )


def _named_wait(headers: Mapping[str, str]) -> float:
    """Seconds of Retry-After, within reason; 0 where it names none (or a date)."""
    try:
        return min(_MAX_WAIT, max(0.0, float(headers.get("retry-after", "0"))))
    except ValueError:
        return 0.0


def _backoff(attempt: int) -> float:
    """Seconds before the next try: exponential with jitter."""
    return float(min(_MAX_WAIT, 0.5 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311


def _transport_errors() -> tuple[type[Exception], ...]:
    """Errors of the client's transport while a body is read; openai does not wrap them."""
    import httpx2

    return (httpx2.HTTPError, httpx2.StreamError)
