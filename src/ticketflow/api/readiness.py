"""Whether this process can serve, part by part, in words that name what is missing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from ticketflow.api.room import Room, room_in
from ticketflow.clock import SECOND
from ticketflow.db import migrations
from ticketflow.embeddings import CachedEncoder
from ticketflow.embeddings.encoder import Encoder
from ticketflow.errors import EncoderUnavailable, MigrationNeeded, StorageUnavailable, TicketFlowError
from ticketflow.runtime import Runtime

log = structlog.get_logger("ticketflow.api")

ASK_AGAIN_SECONDS = 30.0
"""How old an encoder's answer may be before readiness has it asked again, beside the request that wants to know."""


@dataclass(frozen=True)
class Part:
    """One thing that serving needs. `detail` is a sentence that anybody may read.

    degraded      it works, but not as it should; `ready` all the same
    milliseconds  that the look took
    """

    name: str
    ready: bool
    detail: str
    degraded: bool = False
    milliseconds: float = 0.0


class Readiness:
    """Loads the encoder beside serving, so that the process answers at once and says when it is complete."""

    def __init__(self, runtime: Runtime, *, room: Callable[[Runtime], Room] = room_in) -> None:
        """`room` is for tests; otherwise the file system is asked."""
        self._runtime = runtime
        self._room = room
        self._encoder = Part("encoder", False, "It is not loaded yet.")
        self._asked = 0.0
        self._asking = threading.Lock()

    def start(self) -> threading.Thread:
        """Begin loading in a thread of its own."""
        thread = threading.Thread(target=self.warm, name="warm-up", daemon=True)
        thread.start()
        return thread

    def warm(self) -> None:
        """Load the encoder, then all else that the first customer would wait for."""
        with self._asking:
            self._ask_encoder()
        if not self._encoder.ready:
            return
        try:
            self._runtime.warm()
        except StorageUnavailable as error:  # the first search will try again
            log.warning("index_not_loaded", error=str(error))

    def parts(self) -> list[Part]:
        """Look at everything. Costs some small reads and waits for no other machine than the database."""
        self._keep_asking()
        return [*self._storage(), self._encoder, *map(_timed, (self._workers, self._queue, self._disk))]

    def _storage(self) -> list[Part]:
        def database() -> Part:
            try:
                with self._runtime.database.read():
                    return Part("database", True, "It answers.")
            except StorageUnavailable as error:
                return Part("database", False, str(error))

        def schema() -> Part:
            try:
                migrations.check(self._runtime.database)
            except StorageUnavailable:
                return Part("migrations", False, "Unknown while the database is away.")
            except MigrationNeeded as error:
                return Part("migrations", False, str(error))
            return Part("migrations", True, f"The schema is at revision {migrations.head()}.")

        return [_timed(database), _timed(schema)]

    def _workers(self) -> Part:
        threads = self._runtime.config.workers
        if threads == 0:
            return Part("workers", True, "None in this process: `ticketflow worker` works off the runs.")
        dead = self._runtime.runner.threads_dead()
        if dead:
            return Part("workers", False, f"{dead} of its threads ended; restart the process.")
        return Part("workers", True, f"{threads} threads for tickets are alive.")

    def _queue(self) -> Part:
        try:
            seconds = self._runtime.runner.overdue_us() / SECOND
        except StorageUnavailable:
            return Part("queue", False, "Unknown while the database is away.")
        limit = self._runtime.config.queue_age_limit
        if not limit or seconds <= limit:
            return Part("queue", True, f"No ticket waits longer than {seconds:.0f} s for a worker.")
        late = f"A ticket has waited {seconds:,.0f} s for a worker; the limit is {limit:,.0f} s."
        if self._runtime.config.workers == 0:  # the workers are elsewhere: taking this process away helps nobody
            return Part("queue", True, f"{late} The workers are other processes.", degraded=True)
        return Part("queue", False, late)

    def _disk(self) -> Part:
        room = self._room(self._runtime)
        return Part("disk", room.enough, room.sentence, degraded=room.enough and room.low)

    def _keep_asking(self) -> None:
        """Have a remote encoder asked again where the last answer is old."""
        due = self._asked and time.monotonic() - self._asked > ASK_AGAIN_SECONDS
        if due and self._asking.acquire(blocking=False):
            threading.Thread(target=self._asked_again, name="encoder-look", daemon=True).start()

    def _asked_again(self) -> None:
        try:
            self._ask_encoder()
        finally:
            self._asking.release()

    def _ask_encoder(self) -> None:
        began = time.perf_counter()
        found = self._encoder_part()
        self._encoder = replace(found, milliseconds=_since(began))
        self._asked = time.monotonic()

    def _encoder_part(self) -> Part:
        try:
            encoder = self._runtime.likely_encoder
            remote = _asked_elsewhere(encoder)
            # Around the cache, which would answer for an encoder that is gone.
            (encoder.ask if isinstance(encoder, CachedEncoder) else encoder.encode)(["ready"])
        except EncoderUnavailable as error:  # tickets are decided by words until it answers
            log.warning("encoder_gives_no_answer", error=str(error))
            return Part("encoder", True, "It gives no answer: tickets go to people.", degraded=True)
        except TicketFlowError as error:
            log.error("encoder_not_loaded", error=str(error))
            return Part("encoder", False, "It cannot be loaded; the log says why.")
        return Part("encoder", True, f"{encoder.id} {'answers' if remote else 'is loaded'}.")


def _asked_elsewhere(encoder: Encoder) -> bool:
    from ticketflow.embeddings.remote import RemoteEncoder

    inner = encoder.encoder if isinstance(encoder, CachedEncoder) else encoder
    return isinstance(inner, RemoteEncoder)


def _timed(look: Callable[[], Part]) -> Part:
    began = time.perf_counter()
    return replace(look(), milliseconds=_since(began))


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1_000, 1)
