"""How often a key, a workspace and an address that fails to sign in may ask: windows in this process's memory.

Each process grants by itself, so several of them grant as many times as much; a request never waits for a database to
be counted.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from ticketflow.api.principal import Principal
from ticketflow.errors import TicketFlowError

FAILURES = "300/minute"
"""Refused keys from one address; whoever guesses is slow."""


class RateLimited(TicketFlowError):
    """The caller has asked too often; `headers` tell when to go on."""

    code = "rate_limited"
    status = 429
    retryable = True

    def __init__(self, message: str, headers: dict[str, str], *, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.headers = headers


@dataclass(frozen=True)
class _Window:
    name: str
    item: RateLimitItem
    owner: str


class Rates:
    """Counts requests. `per_key` and `per_workspace` read like `6000/minute`; an empty text is no limit.

    `refused` is told the name of a limit that a request came over: key, workspace or failures.
    """

    def __init__(self, per_key: str, per_workspace: str, refused: Callable[[str], None] | None = None) -> None:
        self._refused = refused
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._per_key = parse(per_key) if per_key else None
        self._per_workspace = parse(per_workspace) if per_workspace else None
        self._failures = parse(FAILURES)

    def take(self, principal: Principal) -> dict[str, str]:
        """Count a request; the headers that tell its caller what is left. Raises RateLimited."""
        windows = self._windows(principal)
        for window in windows:
            if not self._limiter.hit(window.item, window.name, window.owner):
                raise self._refusal(window, self._headers(windows))
        return self._headers(windows)

    def failed(self, address: str) -> None:
        """Count a refused key. Raises RateLimited from an address that sends nothing else."""
        if not self._limiter.hit(self._failures, "failures", address):
            window = _Window("failures", self._failures, address)
            raise self._refusal(window, {})

    def _windows(self, principal: Principal) -> list[_Window]:
        windows: list[_Window] = []
        if self._per_key is not None:
            windows.append(_Window("key", self._per_key, principal.actor))
        if self._per_workspace is not None:
            windows.append(_Window("workspace", self._per_workspace, principal.workspace_id))
        return windows

    def _headers(self, windows: list[_Window]) -> dict[str, str]:
        if not windows:
            return {}
        policies: list[str] = []
        left: list[str] = []
        for window in windows:
            stats = self._limiter.get_window_stats(window.item, window.name, window.owner)
            policies.append(f'"{window.name}";q={window.item.amount};w={window.item.get_expiry()}')
            left.append(f'"{window.name}";r={stats.remaining};t={_seconds(stats.reset_time)}')
        return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}

    def _refusal(self, window: _Window, headers: dict[str, str]) -> RateLimited:
        if self._refused is not None:
            self._refused(window.name)
        stats = self._limiter.get_window_stats(window.item, window.name, window.owner)
        wait = _seconds(stats.reset_time)
        what = {"key": "This key", "workspace": "This workspace", "failures": "This address"}[window.name]
        return RateLimited(
            f"{what} has asked more than {window.item.amount:,} times in {window.item.get_expiry()} s.",
            {**headers, "Retry-After": str(wait)},
            remedy=f"Go on in {wait} s.",
        )


def _seconds(moment: float) -> int:
    """Whole seconds until a moment of time.time(), at least one."""
    return max(1, int(moment - time.time()) + 1)
