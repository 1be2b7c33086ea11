"""The background run that puts another encoder in force: embed everything, learn with it, switch, complete.

Until the switch, which is one transaction, search and decisions go by the encoder before it; afterwards its vectors
are kept, so that switching back takes no more than learning.
"""

import time
from collections.abc import Callable

from ticketflow import events
from ticketflow.agent import learn, proving
from ticketflow.agent.deps import Deps
from ticketflow.clock import SECOND, new_id
from ticketflow.config import BUNDLED_ENCODER
from ticketflow.db import Session
from ticketflow.domain import Value
from ticketflow.embeddings.encoder import Encoder
from ticketflow.errors import Conflict, InvalidInput
from ticketflow.knowledge.reencoding import COMPLETE, complete_later
from ticketflow.learning import refitting
from ticketflow.retrieval import reembedding
from ticketflow.retrieval.reembedding import Filled
from ticketflow.retrieval.slots import NOBODY
from ticketflow.store import encoders, workspaces
from ticketflow.store.encoders import EncoderState, StoredEncoder
from ticketflow.workflow import queue
from ticketflow.workflow.engine import TICKET, State, Step, Workflow
from ticketflow.workflow.queue import Run

SWITCH = "switch-encoder"
AGAIN = 600 * SECOND
"""Until vectors are missed again that could not be made."""
SETTLE_SECONDS = 5.0
"""After the switch, until every process has noticed it and has committed what it had begun before."""


class Embedded(Value):
    """How many chunks got a vector."""

    chunks: int


class Learned(Value):
    """The score version that each workspace's history taught with the new encoder, by workspace id."""

    versions: dict[str, str]


class Switched(Value):
    """The share of tickets that each workspace's certificates cover now, by workspace id; 0 where nothing is proven."""

    coverage: dict[str, float]


def begin(deps: Deps, workspace_id: str, name: str, make: Callable[[str], Encoder]) -> str:
    """Queue the switch to the encoder of that name; the run's id. It is asked for a vector first.

    Raises InvalidInput for an unknown name, Misconfigured and EncoderUnavailable where it cannot be used, and Conflict
    where it is in force or another switch is under way.
    """
    now, wanted = deps.encoder, make(name)
    if wanted.id == now.id:
        raise Conflict(f"The encoder {name!r} is in force already.")
    wanted.encode(["Where is my parcel?"])
    with deps.database.write() as session:
        encoders.put_first(session, now.id, BUNDLED_ENCODER, now.dimension)
        made = encoders.claim(session, wanted.id, name, wanted.dimension)
        payload = {"encoder": made.id, "name": name}
        run_id = queue.enqueue(session, workspace_id, SWITCH, trigger_id=new_id(), payload=payload)
        events.append(session, workspace_id, "encoder.switching", encoder=made.id, name=name)
    deps.database.dialect.unindex(deps.database.engine)  # an index holds its column to one number of dimensions
    return run_id


def cancel(deps: Deps, workspace_id: str) -> StoredEncoder:
    """Give the switch under way up; the encoder in force stays. Raises InvalidInput where there is none."""
    with deps.database.write() as session:
        filling = next((one for one in encoders.every(session) if one.state is EncoderState.FILLING), None)
        if filling is None:
            raise InvalidInput("No switch of the encoder is under way.")
        encoders.give_up(session, filling.id, "cancelled")
        events.append(session, workspace_id, "encoder.kept", encoder=filling.id, name=filling.name, error="cancelled")
    return filling


def _embed(deps: Deps, state: State) -> Embedded:
    with state.kept():
        return Embedded(chunks=_fill(deps, str(state.run.payload["encoder"])))


def _fill(deps: Deps, encoder_id: str, *, filling: bool = True) -> int:
    def tell(session: Session, known: Filled) -> None:
        if filling:
            _check_filling(session, encoder_id)
        encoders.tell(session, encoder_id, known.done, known.total)

    return reembedding.fill(deps.database, deps.minds.of(encoder_id).encoder, tell)


def _check_filling(session: Session, encoder_id: str) -> None:
    found = {one.id: one.state for one in encoders.every(session)}
    if found.get(encoder_id) is not EncoderState.FILLING:
        raise Conflict("The switch was cancelled.")


def _learn(deps: Deps, state: State) -> Learned:
    """With the new vectors, in the shadow: what is in force stays so."""
    mind = deps.minds.of(str(state.run.payload["encoder"]))
    versions: dict[str, str] = {}
    with deps.database.read() as session:
        known = workspaces.every(session)
        taught = [one.id for one in known if refitting.in_force(session, one.id) is not None]
    with state.kept():
        for workspace_id in taught:
            _, made = learn.taught_by(deps, mind, workspace_id, learn.silent, 1)
            with deps.database.write() as session:
                workspaces.hold(session, workspace_id)
                _check_filling(session, mind.encoder.id)
                versions[workspace_id] = refitting.store(session, workspace_id, made, in_force=False)
    return Learned(versions=versions)


def _switch(_deps: Deps, session: Session, state: State, _value: None) -> Switched:
    learned = state.output("learn", Learned)
    for workspace_id in learned.versions:
        workspaces.hold(session, workspace_id)
    now = encoders.activate(session, str(state.run.payload["encoder"]))
    if now is None:
        raise Conflict("The switch was cancelled.")
    coverage: dict[str, float] = {}
    for workspace_id, version in learned.versions.items():
        made = proving.adopt(session, now, workspace_id, version)
        coverage[workspace_id] = max((one.coverage for one in made if one.threshold is not None), default=0.0)
        covered = coverage[workspace_id]
        events.append(session, workspace_id, "encoder.switched", encoder=now.id, version=version, coverage=covered)
    return Switched(coverage=coverage)


def _settle(deps: Deps, state: State) -> Embedded:
    """What was written by processes that had not noticed yet lacks the new vector."""
    with state.kept():
        time.sleep(SETTLE_SECONDS)
        return Embedded(chunks=_fill(deps, str(state.run.payload["encoder"]), filling=False))


def _give_up(_deps: Deps, session: Session, run: Run, error: str) -> None:
    """The encoder in force stays; what was embedded stays too, and the next switch to it goes on there."""
    encoder_id = str(run.payload["encoder"])
    if encoders.give_up(session, encoder_id, error):
        name = run.payload["name"]
        events.append(session, run.workspace_id, "encoder.kept", encoder=encoder_id, name=name, error=error)


SWITCH_WORKFLOW = Workflow[Deps](
    SWITCH,
    1,
    (
        Step[Deps]("embed", "1", _embed, output=Embedded, inputs=(TICKET,), outside=True),
        Step[Deps]("learn", "1", _learn, output=Learned, inputs=("embed",), outside=True),
        Step[Deps]("switch", "1", None, _switch, output=Switched, inputs=("learn",)),
        Step[Deps]("settle", "1", _settle, output=Embedded, inputs=("switch",), outside=True),
    ),
    _give_up,
    background=True,
)


def _complete(deps: Deps, state: State) -> Embedded:
    with state.kept():
        encoder = deps.encoder
        return Embedded(chunks=reembedding.fill(deps.database, encoder, lambda _session, _known: None))


def _leave(_deps: Deps, session: Session, run: Run, error: str) -> None:
    """Such chunks are found by their words; it is tried again later."""
    complete_later(session, run.workspace_id, NOBODY, AGAIN)
    events.append(session, run.workspace_id, "encoder.incomplete", run_id=run.id, error=error)


COMPLETE_WORKFLOW = Workflow[Deps](
    COMPLETE,
    1,
    (Step[Deps]("embed", "1", _complete, output=Embedded, inputs=(TICKET,), outside=True),),
    _leave,
    background=True,
)
