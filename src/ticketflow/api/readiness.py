"""Whether this process can serve, part by part, in words that name what is missing."""

import threading
from dataclasses import dataclass

import structlog

from ticketflow.db import migrations
from ticketflow.errors import EncoderUnavailable, MigrationNeeded, StorageUnavailable, TicketFlowError
from ticketflow.runtime import Runtime

log = structlog.get_logger("ticketflow.api")


@dataclass(frozen=True)
class Part:
    """One thing that serving needs. `detail` is a sentence that anybody may read."""

    name: str
    ready: bool
    detail: str


class Readiness:
    """Loads the encoder beside serving, so that the process answers at once and says when it is complete."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._encoder = Part("encoder", False, "It is not loaded yet.")

    def start(self) -> threading.Thread:
        """Begin loading in a thread of its own."""
        thread = threading.Thread(target=self.warm, name="warm-up", daemon=True)
        thread.start()
        return thread

    def warm(self) -> None:
        """Load the encoder, then all else that the first customer would wait for."""
        try:
            encoder = self._runtime.likely_encoder
            encoder.encode(["ready"])
        except EncoderUnavailable as error:  # tickets are decided by words until it answers
            log.warning("encoder_gives_no_answer", error=str(error))
            self._encoder = Part("encoder", True, "It gives no answer: tickets go to people.")
        except TicketFlowError as error:
            log.error("encoder_not_loaded", error=str(error))
            self._encoder = Part("encoder", False, "It cannot be loaded; the log says why.")
            return
        else:
            self._encoder = Part("encoder", True, f"{encoder.id} is loaded.")
        try:
            self._runtime.warm()
        except StorageUnavailable as error:  # the first search will try again
            log.warning("index_not_loaded", error=str(error))

    def parts(self) -> list[Part]:
        """Look at the database, its schema and the encoder. Costs two small reads."""
        return [*self._storage(), self._encoder]

    def _storage(self) -> list[Part]:
        try:
            with self._runtime.database.read():
                pass
            migrations.check(self._runtime.database)
        except StorageUnavailable as error:
            away = "Unknown while the database is away."
            return [Part("database", False, str(error)), Part("migrations", False, away)]
        except MigrationNeeded as error:
            return [Part("database", True, "It answers."), Part("migrations", False, str(error))]
        at_head = f"The schema is at revision {migrations.head()}."
        return [Part("database", True, "It answers."), Part("migrations", True, at_head)]
