"""What a run does: steps that compute without a transaction and are checkpointed by one.

Consecutive steps that make no outside call share one commit; a crash before it recomputes them, which is safe because
nothing outside saw them. Claiming, retrying and threads are elsewhere (queue, runner).
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from sqlalchemy import insert, select

from ticketflow.clock import SECOND, Clock
from ticketflow.db import Database, Session
from ticketflow.db.tables import step_output
from ticketflow.domain import Value
from ticketflow.errors import Conflict, LeaseLost, StorageUnavailable
from ticketflow.workflow import queue
from ticketflow.workflow.observing import Observer
from ticketflow.workflow.queue import Run

D = TypeVar("D")
V = TypeVar("V", bound=Value)

TICKET = "ticket"
"""In `Step.inputs`: what started the run, that is the ticket's text and the trigger's payload."""


class State:
    """What a step may know of its run: what started it and what the steps before it yielded."""

    def __init__(
        self,
        run: Run,
        clock: Clock,
        lease_us: int,
        renew: Callable[[], None],
        *,
        guarded: Callable[[], AbstractContextManager[Session]] | None = None,
        checkpoint: Callable[[str], None] = lambda _point: None,
    ) -> None:
        self.run = run
        self.clock = clock
        self.lease_us = lease_us
        self.checkpoint = checkpoint
        self.outputs: dict[str, Value] = {}
        self._extend = renew
        self._guarded = guarded
        self._leased_at = clock.now()

    def output(self, step: str, kind: type[V]) -> V:
        """What the earlier step `step` yielded. LookupError when it has not yielded (yet) a value of that kind."""
        value = self.outputs.get(step)
        if not isinstance(value, kind):
            raise LookupError(f"step {step!r} has yielded no {kind.__name__} at this point of run {self.run.id}")
        return value

    def renew(self) -> None:
        """Extend the lease during long work. Cheap to call often: it writes only when a third of the lease is over.

        Not inside a transaction. Raises LeaseLost when the run is another worker's by now.
        """
        if self.clock.now() - self._leased_at > self.lease_us // 3:
            self._extend()
            self.leased()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Extend the lease from a thread of its own while the block runs: for long work that cannot call `renew`.

        Losing the lease meanwhile shows at the step's commit, which is refused.
        """
        done = threading.Event()

        def keep() -> None:
            while not done.wait(self.lease_us / 3 / SECOND):
                try:
                    self.renew()
                except (LeaseLost, StorageUnavailable):
                    return

        thread = threading.Thread(target=keep, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def leased(self) -> None:
        """Take note that the lease begins anew."""
        self._leased_at = self.clock.now()

    @contextmanager
    def write(self) -> Generator[Session]:
        """A transaction of a step's own, for what must be durable before its outside call. It extends the lease.

        Raises LeaseLost when the run is another worker's by now, and what Database.write raises.
        """
        if self._guarded is None:
            raise RuntimeError("this run is only looked at: it has no transactions")
        with self._guarded() as session:
            yield session
        self._leased_at = session.now

    def left_us(self) -> int:
        """Microseconds of the lease that are left by this machine's knowledge; negative when it is over.

        A clock that was set back counts against it as one that went on.
        """
        return self.lease_us - abs(self.clock.now() - self._leased_at)


@dataclass(frozen=True)
class Step(Generic[D]):
    """A unit of work that is stored with its input, output, duration and version.

    compute(deps, state)                 runs with no transaction open; short reads through deps are allowed
    commit(deps, session, state, value)  runs inside the step's commit, for the writes that belong to it; what it
                                         returns, unless None, is stored in place of compute's value
    output   class of the value, so that a resumed run gets it back typed; None when the step yields nothing
    inputs   names of the earlier steps it builds on, or TICKET: stored by reference instead of twice
    outside  it makes a call whose repetition matters, so it is checkpointed alone, before and after
    """

    name: str
    version: str
    compute: Callable[[D, State], Value | None] | None
    commit: Callable[[D, Session, State, Any], Value | None] | None = None
    _: KW_ONLY
    output: type[Value] | None = None
    inputs: tuple[str, ...] = ()
    outside: bool = False


@dataclass(frozen=True)
class Workflow(Generic[D]):
    """Named steps in order. `give_up(deps, session, run, error)` hands the matter to a human, in the transaction
    that marks the run as failed. A background workflow may be long: it never occupies a ticket thread.

    A workflow with a `lane_width` mostly waits for other machines. It has threads of its own, and a process works on
    so many runs of one lane at a time: those whose triggers agree up to the first colon.
    """

    name: str
    version: int
    steps: Sequence[Step[D]]
    give_up: Callable[[D, Session, Run, str], None]
    _: KW_ONLY
    background: bool = False
    lane_width: int = 0

    def __post_init__(self) -> None:
        """ValueError when step names repeat or an input names no earlier step."""
        seen = {TICKET}
        for step in self.steps:
            unknown = set(step.inputs) - seen
            if step.name in seen or unknown:
                raise ValueError(f"workflow {self.name!r}: step {step.name!r} repeats a name or needs {unknown}")
            seen.add(step.name)


@dataclass
class _Work:
    """A step under way: its value so far and the microseconds spent on it."""

    value: Value | None
    duration_us: int


@dataclass(frozen=True)
class _Dump:
    """A value as it is stored, and what steps that build on it will say they saw."""

    value: Value
    stored: dict[str, Any]
    fingerprint: str


class Execution(Generic[D]):
    """One claim of one run, worked off from where its last checkpoint stands.

    `checkpoint` is called with the name of each point at which a crash would differ; tests kill the process there.
    `step` is the step under way, for error messages. `observer` is told of steps.
    """

    def __init__(
        self,
        database: Database,
        deps: D,
        workflow: Workflow[D],
        run: Run,
        lease_us: int,
        checkpoint: Callable[[str], None],
        observer: Observer | None = None,
    ) -> None:
        self.step = ""
        self._observer = observer or Observer()
        self._database = database
        self._deps = deps
        self._workflow = workflow
        self._run = run
        self._lease_us = lease_us
        self._checkpoint = checkpoint
        self._state = State(
            run, database.clock, lease_us, self._renew, guarded=self._guarded, checkpoint=self._checkpoint
        )
        self._dumps: dict[str, _Dump] = {}
        self._fingerprint = fingerprint(run.payload)
        self._ordinals = {step.name: ordinal for ordinal, step in enumerate(workflow.steps)}

    def execute(self) -> None:
        """Work the run off to its end. Raises LeaseLost, StorageUnavailable, and whatever a step raises."""
        done = self._revive() if self._run.fence > 1 else set[str]()  # the first claim finds nothing stored
        groups = list(_groups([step for step in self._workflow.steps if step.name not in done]))
        for position, group in enumerate(groups, 1):
            works = {step.name: self._compute(step) for step in group}
            self._commit(group, works, last=position == len(groups))
        if not groups:  # a later version of the workflow has dropped the steps that were missing
            self._commit([], {}, last=True)

    def _revive(self) -> set[str]:
        statement = select(step_output.c.step, step_output.c.version, step_output.c.output).where(
            step_output.c.workspace_id == self._run.workspace_id, step_output.c.run_id == self._run.id
        )
        with self._database.read() as session:
            stored = {row.step: row for row in session.execute(statement)}
        for step in self._workflow.steps:
            if step.name in stored and step.output is not None:
                row = stored[step.name]
                value = self._state.outputs[step.name] = _revived(step, step.output, row)
                self._dumps[step.name] = _Dump(value, row.output, fingerprint(row.output))
        return set(stored)

    def _compute(self, step: Step[D]) -> _Work:
        self.step = step.name
        self._checkpoint(f"before:{step.name}")
        if step.outside:
            self._state.renew()
        began = time.perf_counter_ns()
        with self._observer.computing(self._run, step.name):
            value = step.compute(self._deps, self._state) if step.compute else None
        duration_us = (time.perf_counter_ns() - began) // 1_000
        if value is not None:
            self._state.outputs[step.name] = _checked(step, value)
            self._dump(step.name)  # here rather than in the transaction, which others wait for
        self._checkpoint(f"computed:{step.name}")
        return _Work(value, duration_us)

    def _commit(self, group: Sequence[Step[D]], works: Mapping[str, _Work], *, last: bool) -> None:
        name = group[-1].name if group else self._run.step
        self._checkpoint(f"before_commit:{name}")
        with self._database.write() as session:
            if last:
                queue.finish(session, self._run, name)
            else:
                queue.move_on(session, self._run, name, self._lease_us)
            for step in group:
                self._apply(session, step, works[step.name])
            rows = [self._row(session, step, works[step.name]) for step in group]
            if rows:
                session.execute(insert(step_output), rows)
            self._checkpoint(f"in_commit:{name}")
        self._state.leased()
        self._checkpoint(f"committed:{name}")
        for step in group:
            work = works[step.name]
            self._observer.committed(self._run, step.name, work.duration_us, work.value)

    def _apply(self, session: Session, step: Step[D], work: _Work) -> None:
        self.step = step.name
        if step.commit is not None:
            began = time.perf_counter_ns()
            value = step.commit(self._deps, session, self._state, work.value)
            work.duration_us += (time.perf_counter_ns() - began) // 1_000
            if value is not None:
                work.value = self._state.outputs[step.name] = _checked(step, value)
            self._checkpoint(f"applied:{step.name}")
        if step.output is not None and work.value is None:
            raise TypeError(f"step {step.name!r} promises a {step.output.__name__} and yielded nothing")

    def _row(self, session: Session, step: Step[D], work: _Work) -> dict[str, Any]:
        return {
            "run_id": self._run.id,
            "step": step.name,
            "workspace_id": self._run.workspace_id,
            "ordinal": self._ordinals[step.name],
            "version": step.version,
            "input": {"from": list(step.inputs), "digest": self._digest(step.inputs)},
            "output": {} if work.value is None else self._dump(step.name).stored,
            "duration_us": work.duration_us,
            "created_at": session.now,
        }

    def _digest(self, inputs: Sequence[str]) -> str:
        known = {name: self._dump(name).fingerprint for name in inputs if name in self._state.outputs}
        return digest(inputs, known | {TICKET: self._fingerprint})

    def _dump(self, name: str) -> _Dump:
        value, dump = self._state.outputs[name], self._dumps.get(name)
        if dump is None or dump.value is not value:
            stored = value.model_dump(mode="json")
            dump = self._dumps[name] = _Dump(value, stored, fingerprint(stored))
        return dump

    def _renew(self) -> None:
        with self._guarded():
            pass
        self._checkpoint(f"renewed:{self.step}")

    @contextmanager
    def _guarded(self) -> Generator[Session]:
        with self._database.write() as session:
            queue.renew(session, self._run, self._lease_us)
            yield session


def fingerprint(stored: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a stored value, the same before it is written and after it is read."""
    return hashlib.sha256(json.dumps(stored, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest(inputs: Sequence[str], fingerprints: Mapping[str, str]) -> str:
    """SHA-256 (hex) of what a step built on; TICKET stands for the trigger's payload, a missing name for no output."""
    return fingerprint({name: fingerprints.get(name) or fingerprint({}) for name in inputs})


def _groups(steps: Sequence[Step[D]]) -> Iterator[list[Step[D]]]:
    group: list[Step[D]] = []
    for step in steps:
        if step.outside:
            if group:
                yield group
            yield [step]
            group = []
        else:
            group.append(step)
    if group:
        yield group


def _checked(step: Step[Any], value: Value) -> Value:
    if step.output is None or not isinstance(value, step.output):
        promised = "nothing" if step.output is None else f"a {step.output.__name__}"
        raise TypeError(f"step {step.name!r} promises {promised} and yielded a {type(value).__name__}")
    return value


def _revived(step: Step[Any], kind: type[Value], stored: Any) -> Value:
    try:
        return kind.model_validate(stored.output)
    except ValidationError as error:
        raise Conflict(
            f"The output that step {step.name!r} (version {stored.version}) stored cannot be read by version "
            f"{step.version} of it.",
            remedy="Start the run anew, or run the release that began it.",
        ) from error
