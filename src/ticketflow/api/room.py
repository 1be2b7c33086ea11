"""Whether the disk of an installation has room for what is to be written."""

import shutil
from dataclasses import dataclass

from ticketflow.db.dialects import file_of
from ticketflow.runtime import Runtime

LEAST_BYTES = 100 * 1_000_000
"""Below this nothing new is accepted: with a full disk requests would fail one by one instead of all at once."""
LOW_BYTES = 1_000 * 1_000_000


@dataclass(frozen=True)
class Room:
    """Free space. `needed` tells whether the database is written there, rather than on another machine."""

    free: int | None
    needed: bool

    @property
    def enough(self) -> bool:
        """Whether what comes in can be written."""
        return not self.needed or self.free is None or self.free >= LEAST_BYTES

    @property
    def low(self) -> bool:
        """Whether an operator should make room."""
        return self.free is not None and self.free < LOW_BYTES

    @property
    def sentence(self) -> str:
        """For people."""
        if self.free is None:
            return "There is no home folder yet."
        return f"{self.free / 1_000_000_000:,.1f} GB are free for {'the database' if self.needed else 'secrets'}."


def room_in(runtime: Runtime) -> Room:
    """The room where the database's file lies, or else in the home folder."""
    file = file_of(runtime.config.url)
    folder = runtime.config.home if file is None else file.parent
    try:
        return Room(shutil.disk_usage(folder).free, needed=file is not None)
    except OSError:
        return Room(None, needed=file is not None)
