"""GuardedGenerator: permission, cache, budget, concurrency, validation and one repair."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vireo.engine.progress import NullProgress, Progress
from vireo.language.generate.base import GeneratedValue, GenerationSection, Prompt, Shape
from vireo.language.generate.budget import Budget, count_tokens
from vireo.language.generate.messages import (
    InvalidReply,
    Messages,
    messages_of,
    read_reply,
    repair_of,
)
from vireo.language.generate.response_cache import ResponseCache, key_of

_MAX_IN_MEMORY = 1000
_MAX_FAILURES = 3  # consecutive prompts without a reply, after which no more are sent


class NoReply(Exception):
    """The model gave no reply; `hopeless` where a retry cannot help."""

    def __init__(self, why: str, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


@dataclass(frozen=True)
class Reply:
    """A model's text, and its tokens in and out where it counts them."""

    text: str
    used: tuple[int, int] | None = None


class ChatModel(Protocol):
    """A model that replies to messages."""

    name: str
    fingerprint: str
    remote: bool
    """Whether prompts leave this process."""

    def reply(self, messages: Messages, schema: dict[str, Any]) -> Reply:
        """Its text; raises NoReply. Called from several threads."""
        ...


class GuardedGenerator:
    """Generator around a ChatModel; a failure is a GeneratedValue with its reason."""

    def __init__(self, talker: ChatModel, section: GenerationSection, cache: Path) -> None:
        self.name = talker.name
        self.fingerprint = talker.fingerprint
        self.remote = talker.remote
        self._talker = talker
        self._section = section
        self._shelf = ResponseCache(cache / "answers.sqlite")
        self._budget = Budget(section)
        self._lock = threading.Lock()
        self._in_memory: dict[bytes, str] = {}  # answers about people are not kept on disk
        self._failures = 0
        self._stopped = ""

    def generate(
        self, prompts: Sequence[Prompt[Shape]], progress: Progress | None = None
    ) -> list[GeneratedValue[Shape]]:
        """One GeneratedValue per prompt, in order; duplicate prompts are sent once."""
        progress = progress or NullProgress()
        keys = [key_of(prompt, self.fingerprint) for prompt in prompts]
        answers: dict[bytes, GeneratedValue[Shape]] = {}
        unknown: dict[bytes, Prompt[Shape]] = {}
        known = self._shelf.get(set(keys)) | self._remembered(set(keys))
        for key, prompt in zip(keys, prompts, strict=True):
            found = self._without_asking(prompt, known.get(key))
            if found is None:
                unknown[key] = prompt
            else:
                answers[key] = found
        if self._section.dry_run and unknown:
            progress.say(self._estimate(list(unknown.values())))
            answers |= {key: GeneratedValue(None, "a dry run sends nothing") for key in unknown}
        elif unknown:
            answers |= self._asked(unknown, progress)
        return [answers[key] for key in keys]

    def _without_asking(
        self, prompt: Prompt[Shape], known: str | None
    ) -> GeneratedValue[Shape] | None:
        kept_here = prompt.personal - set(self._section.allowed_data)
        if self._talker.remote and kept_here:
            kinds = " and ".join(sorted(kept_here))
            return GeneratedValue(
                None, f"{kinds} stay here: language.generation.allowed_data lacks them"
            )
        if known is None:
            return None
        try:
            return GeneratedValue(read_reply(known, prompt.shape), cached=True)
        except InvalidReply:  # a damaged row: ask again
            return None

    def _asked(
        self, prompts: dict[bytes, Prompt[Shape]], progress: Progress
    ) -> dict[bytes, GeneratedValue[Shape]]:
        answers: dict[bytes, GeneratedValue[Shape]] = {}
        with (
            progress.task(f"asking {self.name}", len(prompts)) as tick,
            ThreadPoolExecutor(self._section.concurrency) as pool,
        ):
            jobs: dict[Future[GeneratedValue[Shape]], bytes] = {
                pool.submit(self._ask, prompt): key for key, prompt in prompts.items()
            }
            try:
                for job in as_completed(jobs):
                    answers[jobs[job]] = given = job.result()
                    if given.value is not None:
                        self._keep(jobs[job], prompts[jobs[job]], given.value.model_dump_json())
                    tick(1, f"{self._budget.tokens_in + self._budget.tokens_out} tokens")
            except BaseException:  # Ctrl-C: what waits is not begun
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return answers

    def _remembered(self, keys: set[bytes]) -> dict[bytes, str]:
        with self._lock:
            return {key: self._in_memory[key] for key in keys & self._in_memory.keys()}

    def _keep(self, key: bytes, prompt: Prompt[Shape], text: str) -> None:
        """On disk; in memory, and only the latest, where it tells of a person: these must go with
        them when they are forgotten."""
        if not prompt.personal:
            self._shelf.put({key: text})
            return
        with self._lock:
            self._in_memory[key] = text
            while len(self._in_memory) > _MAX_IN_MEMORY:
                del self._in_memory[next(iter(self._in_memory))]

    def _ask(self, prompt: Prompt[Shape]) -> GeneratedValue[Shape]:
        """Value of the first reply, or of one repair."""
        used = (0, 0)
        messages = messages_of(prompt)
        why = ""
        for _ in range(2):
            try:
                reply, cost = self._reply(messages, prompt)
            except NoReply as error:
                return GeneratedValue(None, str(error), tokens_in=used[0], tokens_out=used[1])
            used = (used[0] + cost[0], used[1] + cost[1])
            try:
                value = read_reply(reply, prompt.shape)
                return GeneratedValue(value, tokens_in=used[0], tokens_out=used[1])
            except InvalidReply as error:
                why = str(error)
                messages = repair_of(prompt, reply, why)
        return GeneratedValue(
            None, f"its reply did not fit, twice: {why}", tokens_in=used[0], tokens_out=used[1]
        )

    def _reply(self, messages: Messages, prompt: Prompt[Shape]) -> tuple[str, tuple[int, int]]:
        if self._stopped:
            raise NoReply(self._stopped)
        reserved = (count_tokens([messages.text])[0], self._section.max_output_tokens)
        if refused := self._budget.reserve(*reserved):
            raise NoReply(refused)
        try:
            reply = self._talker.reply(messages, prompt.shape.model_json_schema())
        except NoReply as error:
            self._budget.settle(reserved, (0, 0))
            self._count_failure(error)
            raise
        used = reply.used or (reserved[0], count_tokens([reply.text])[0])
        self._budget.settle(reserved, used)
        with self._lock:
            self._failures = 0
        return reply.text, used

    def _count_failure(self, error: NoReply) -> None:
        with self._lock:
            self._failures += 1
            if error.hopeless or self._failures >= _MAX_FAILURES:
                self._stopped = self._stopped or f"{error}; it was not asked again"

    def _estimate(self, prompts: Sequence[Prompt[Shape]]) -> str:
        """Tokens and cost of asking these, in one line."""
        sent = sum(count_tokens([messages_of(prompt).text for prompt in prompts]))
        most = len(prompts) * self._section.max_output_tokens
        cost = self._budget.cost(sent, most)
        priced = f", at most {cost:.2f} at the configured prices" if cost else ""
        return (
            f"Dry run: {len(prompts)} requests to {self.name}, about {sent} tokens to send, "
            f"at most {most} to be written{priced}. Nothing was sent."
        )
