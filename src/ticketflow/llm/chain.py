"""The providers in their order: ask one, correct it once, go to the next; in the end there is no answer.

Whatever goes wrong is a verdict on a recorded call, never an error of the ticket.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from ticketflow.config import ModelProvider
from ticketflow.domain import ModelCall
from ticketflow.llm.breaker import Breaker
from ticketflow.llm.gateway import Failed, Gateway, Reply, Said
from ticketflow.llm.loop import Loop
from ticketflow.llm.parsing import Malformed, Parsed, parse
from ticketflow.llm.prompting import Prompt, fingerprint

TICKET_SECONDS = 8.0
"""What one ticket may wait for models from its arrival on, all calls together."""
TRY_SECONDS = 4.0
LEAST_SECONDS = 0.2  # a try that has less is not begun
PAUSE_SECONDS = (0.2, 0.6)  # before the one retry, where the provider names no time

OK, REPAIRED, NOT_ASKED, OUT_OF_TIME = "ok", "repaired", "not asked: it failed every time lately", "out of time"

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True)
class Told(Generic[S]):
    """What a model made of a prompt, None when none did; `repaired` as in `Parsed`; every call that was made for it."""

    value: S | None
    repaired: bool
    calls: tuple[ModelCall, ...]


@dataclass
class _Asking:
    """A prompt on its way through the providers."""

    prompt: Prompt[Any]
    conversation: list[Said]
    deadline: float
    try_seconds: float
    calls: list[ModelCall] = field(default_factory=list[ModelCall])

    def left(self) -> float:
        return self.deadline - time.monotonic()


class Chain:
    """Asks for data. Threads may share it. `try_seconds` bounds one call, whoever it goes to; `told` hears of calls."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        *,
        try_seconds: float = TRY_SECONDS,
        told: Callable[[ModelCall], None] | None = None,
    ) -> None:
        self._links = [(gateway, Breaker()) for gateway in gateways]
        self._try_seconds = try_seconds
        self._told = told
        self._loop = Loop()

    def __bool__(self) -> bool:
        return bool(self._links)

    @property
    def gateways(self) -> list[Gateway]:
        """In the order in which they are asked."""
        return [gateway for gateway, _ in self._links]

    @property
    def providers(self) -> list[ModelProvider]:
        """In the order in which they are asked."""
        return [gateway.provider for gateway in self.gateways]

    def ask(
        self,
        prompt: Prompt[S],
        document: Mapping[str, Any],
        seconds: float = TICKET_SECONDS,
        *,
        try_seconds: float | None = None,
    ) -> Told[S]:
        """The first usable answer within `seconds`, or none; `try_seconds` bounds one call instead of the chain's.

        Raises nothing on the providers' account.
        """
        self.load()
        deadline = time.monotonic() + seconds
        asking = _Asking(prompt, prompt.conversation(document), deadline, try_seconds or self._try_seconds)
        try:
            found = self._loop.run(self._through(asking), seconds + 1) if self._links else None
        finally:
            if self._told is not None:
                for call in asking.calls:
                    self._told(call)
        if found is None:
            return Told(None, False, tuple(asking.calls))
        return Told(found.value, found.repaired, tuple(asking.calls))

    def forget_failures(self) -> None:
        """Ask every provider again at once, whatever it did before."""
        for _, breaker in self._links:
            breaker.succeeded()

    def load(self) -> None:
        """Import what asking needs, so that the first ticket does not wait for it."""
        for gateway in self.gateways:
            gateway.load()

    def close(self) -> None:
        """End the thread that asks."""
        self._loop.close()

    async def _through(self, asking: _Asking) -> Parsed[Any] | None:
        for gateway, breaker in self._links:
            if asking.left() < LEAST_SECONDS:
                _record(asking, gateway, asking.conversation, None, 0.0, OUT_OF_TIME)
                return None
            if not breaker.admit():
                _record(asking, gateway, asking.conversation, None, 0.0, NOT_ASKED)
                continue
            try:
                found = await self._corrected(asking, gateway, breaker)
            except BaseException:
                breaker.failed()
                raise
            if found is not None:
                return found
        return None

    async def _corrected(self, asking: _Asking, gateway: Gateway, breaker: Breaker) -> Parsed[Any] | None:
        """An answer that fits, after being told once what was wrong with the first."""
        conversation = list(asking.conversation)
        for last in (False, True):
            reply, seconds = await self._patiently(asking, gateway, breaker, conversation)
            if reply is None:
                return None
            try:
                found = parse(reply.text, asking.prompt.schema, finish_reason=reply.finish_reason)
            except Malformed as problem:
                _record(asking, gateway, conversation, reply, seconds, f"malformed: {problem}")
                breaker.failed()
                # What it said is not sent back: it may hold what a ticket's text made it say.
                conversation = [*asking.conversation, Said("user", f"{problem} Answer again, with the object alone.")]
                if last or not breaker.admit():
                    return None
            else:
                breaker.succeeded()
                _record(asking, gateway, conversation, reply, seconds, REPAIRED if found.repaired else OK)
                return found
        return None

    async def _patiently(
        self, asking: _Asking, gateway: Gateway, breaker: Breaker, conversation: list[Said]
    ) -> tuple[Reply | None, float]:
        """A reply and how long it took, asked for again once where that may help and the breaker still lets it."""
        for last in (False, True):
            began = time.monotonic()
            within = min(asking.try_seconds, asking.left())
            try:
                async with asyncio.timeout(within):
                    return await gateway.ask(conversation, asking.prompt.schema, within), time.monotonic() - began
            except TimeoutError:
                failure = Failed("timeout", again=True)
            except Failed as error:
                failure = error
            breaker.failed()
            _record(asking, gateway, conversation, None, time.monotonic() - began, failure.verdict)
            pause = random.uniform(*PAUSE_SECONDS) if failure.retry_after is None else failure.retry_after
            if last or not failure.again or pause + LEAST_SECONDS > asking.left():
                break
            await asyncio.sleep(pause)
            if not breaker.admit():
                break
        return None, 0.0


def _record(
    asking: _Asking, gateway: Gateway, conversation: list[Said], reply: Reply | None, seconds: float, verdict: str
) -> None:
    provider = gateway.provider
    sent, received = (reply.input_tokens, reply.output_tokens) if reply else (0, 0)
    asking.calls.append(
        ModelCall(
            provider=provider.name,
            model=provider.model,
            prompt=asking.prompt.id,
            prompt_hash=fingerprint(conversation),
            input_tokens=sent,
            output_tokens=received,
            cost=round((sent * provider.price_in + received * provider.price_out) / 1_000_000, 9),
            milliseconds=round(seconds * 1000),
            verdict=verdict,
        )
    )
