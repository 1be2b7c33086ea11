"""An outlet in memory and workers that use it, for tests with a clock that stands still."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from outside_workflow import OUTLETS, Outside, workflow
from workflow_harness import LEASE_SECONDS, MAX_ATTEMPTS

from ticketflow.db import Database
from ticketflow.workflow.runner import Runner


@dataclass
class Post:
    """What the provider has: `accepted` by key. `on_send(key)` runs before and `after_send(key)` after it accepted."""

    accepted: Counter[str] = field(default_factory=Counter[str])
    calls: list[str] = field(default_factory=list[str])
    timeouts: set[float] = field(default_factory=set[float])
    on_send: Callable[[str], None] = lambda _key: None
    after_send: Callable[[str], None] = lambda _key: None
    on_confirm: Callable[[str], None] = lambda _key: None


class FakeOutlet:
    """See outlets.Outlet. One with `repeatable_seconds` takes the same key for the same message."""

    def __init__(self, name: str, post: Post, repeatable_seconds: float | None = None) -> None:
        self.name = name
        self.repeatable_seconds = (
            repeatable_seconds if repeatable_seconds is not None else 86_400.0 * 30 if name.endswith("b") else 0.0
        )
        self._post = post

    def send(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str:
        self._post.calls.append("send")
        self._post.timeouts.add(timeout_seconds)
        self._post.on_send(key)
        if not (self.repeatable_seconds and self._post.accepted[key]):
            self._post.accepted[key] += 1
        self._post.after_send(key)
        return f"message-{key[:8]}"

    def confirm(self, key: str, draft: Mapping[str, Any], timeout_seconds: float) -> str | None:
        self._post.calls.append("confirm")
        self._post.on_confirm(key)
        return f"message-{key[:8]}" if self._post.accepted[key] else None


def worker(
    database: Database, post: Post, checkpoint: Callable[[str], None] = lambda _point: None, **options: Any
) -> Runner[Outside]:
    """A worker of the outside workflow with a fixed seed."""
    deps = Outside({name: FakeOutlet(name, post) for name in OUTLETS})
    options = {"lease_seconds": LEASE_SECONDS, "max_attempts": MAX_ATTEMPTS, "rng": random.Random(1), **options}
    return Runner(database, deps, [workflow()], checkpoint=checkpoint, **options)
