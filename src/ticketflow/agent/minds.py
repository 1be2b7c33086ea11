"""What goes with one encoder: its search and what workspaces have taught with its vectors. Never mixed with another's.

Which encoder is in force stands in the database, so that every process follows a switch by itself.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from ticketflow.agent.remembering import ExperienceCache
from ticketflow.clock import SECOND, Clock
from ticketflow.db import Database
from ticketflow.embeddings import CachedEncoder
from ticketflow.embeddings.encoder import Encoder, Vectors
from ticketflow.erasure import stamp
from ticketflow.errors import Conflict, EncoderUnavailable
from ticketflow.llm.breaker import Breaker
from ticketflow.retrieval.search import Search
from ticketflow.store import encoders

log = structlog.get_logger(__name__)

LOOK_AGAIN = SECOND // 2
"""How long the encoder in force is taken for granted before the database is asked again."""


@dataclass(frozen=True)
class Mind:
    """An encoder, and all that holds only for its vectors."""

    encoder: Encoder
    search: Search
    experience: ExperienceCache
    breaker: Breaker = field(default_factory=Breaker)

    def read(self, text: str) -> tuple[str, Vectors | None]:
        """The encoder's id and the text's vector (d,); no id and None where it gives no answer, or gave none lately."""
        if not self.breaker.admit():
            return "", None
        try:
            vector = self.encoder.encode([text])[0]
        except EncoderUnavailable as error:
            self.breaker.failed()
            log.warning("encoder_gave_no_answer", encoder=self.encoder.id, error=str(error))
            return "", None
        except BaseException:
            self.breaker.failed()
            raise
        self.breaker.succeeded()
        return self.encoder.id, vector


class Minds:
    """The minds of an installation, made when they are first needed. Thread-safe.

    `first` gives the encoder that is in force before any switch, `make` one by the name that the configuration has.
    """

    def __init__(
        self, database: Database, clock: Clock, first: Callable[[], Encoder], make: Callable[[str], Encoder]
    ) -> None:
        self._database = database
        self._clock = clock
        self._first = first
        self._make = make
        self._lock = threading.Lock()
        self._held: dict[str, Mind] = {}
        self._now: tuple[int, Mind] | None = None
        self._erased_at = 0

    def current(self) -> Mind:
        """The mind of the encoder in force, at most LOOK_AGAIN old. Raises Misconfigured where it cannot be made."""
        now = self._clock.now()
        held = self._now
        if held is not None and abs(now - held[0]) < LOOK_AGAIN:
            return held[1]
        with self._lock:
            with self._database.read() as session:
                stored = encoders.active(session)
                self._forget_erased(stamp.get(session))
            mind = self._of_first() if stored is None else self._of_stored(stored.id, stored.name)
            self._now = (now, mind)
            return mind

    def of(self, encoder_id: str) -> Mind:
        """The mind of an encoder that has a slot. Raises Conflict where it has none any more."""
        current = self.current()
        if current.encoder.id == encoder_id:
            return current
        with self._lock:
            with self._database.read() as session:
                stored = next((one for one in encoders.every(session) if one.id == encoder_id), None)
            if stored is None:
                raise Conflict(f"No vectors of the encoder {encoder_id} are held any more.", remedy="Run it again.")
            return self._of_stored(stored.id, stored.name)

    def _forget_erased(self, erased_at: int) -> None:
        """Texts were erased by some process: what is remembered of texts goes here as well."""
        if erased_at > self._erased_at:
            for mind in self._held.values():
                if isinstance(mind.encoder, CachedEncoder):
                    mind.encoder.forget()
            self._erased_at = erased_at

    def _of_first(self) -> Mind:
        first = self._first()
        if first.id not in self._held:
            self._hold(first)
        return self._held[first.id]

    def _of_stored(self, encoder_id: str, name: str) -> Mind:
        if encoder_id not in self._held:
            first = self._first()
            self._hold(first if first.id == encoder_id else self._make(name))
            if encoder_id not in self._held:
                raise Conflict(
                    f"The encoder {name!r} is configured anew: its vectors would not be those of {encoder_id}.",
                    remedy="Configure it as before, or give it another name and switch to that.",
                )
        return self._held[encoder_id]

    def _hold(self, encoder: Encoder) -> None:
        experience = ExperienceCache(self._database, encoder, self._clock)
        self._held[encoder.id] = Mind(encoder, Search(self._database, encoder), experience)
