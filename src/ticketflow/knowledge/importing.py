"""Resolved tickets of a file into the knowledge base: in batches, each whole or not at all.

Stopping at any moment loses at most the batch at hand; the same command goes on behind the last stored one. A file
that is finished may be imported again: every record is compared with what is stored, which costs no embedding.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from ticketflow import events
from ticketflow.db import Session
from ticketflow.domain import Value, Workspace
from ticketflow.errors import InvalidFile, StorageUnavailable
from ticketflow.knowledge.entries import BadRecord
from ticketflow.knowledge.mapping import Mapping
from ticketflow.knowledge.records import RecordFile, open_records
from ticketflow.knowledge.rejects import RejectsFile, default_rejects
from ticketflow.knowledge.sifting import batches
from ticketflow.knowledge.storing import BatchStore, Deps, Prepared, Stored
from ticketflow.knowledge.survey import Survey, survey
from ticketflow.store import audit, imports, workspaces
from ticketflow.store.imports import Import

Progress = Callable[[float, str], None]
"""Called with a share of 0 to 1 and what is being done."""

PROBLEMS_TOLD = 20
WORTH_TIDYING = 500
RUNNING, FINISHED = "running", "finished"


class Problem(Value):
    """A record that was set aside: its line in the file and why."""

    line: int
    reason: str


class Counts(Value):
    """What became of a file's records. `duplicates` are repetitions inside the file of a case without an id."""

    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    answers_added: int = 0
    answers_approved: int = 0


class ImportReport(Counts):
    """What an import did, over the whole file. `resumed_at` counts the records an earlier, stopped run had stored.

    `rows_per_second` is over this run's records and includes reading, embedding and committing.
    `answers_unsettled` counts labels of the file whose resolutions disagree too much to be approved unread.
    """

    source: str
    dry_run: bool
    already_imported: bool
    resumed_at: int
    answers_unsettled: int
    seconds: float
    rows_per_second: float
    rejects_path: str | None
    problems: list[Problem]


def import_history(
    deps: Deps,
    workspace: Workspace,
    path: Path,
    mapping: Mapping,
    *,
    dry_run: bool = False,
    rejects_path: Path | None = None,
    approve_answers: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Import resolved tickets. Rejects go to `rejects_path`, else to `default_rejects(path)`, else nowhere (dry run).

    A label that no answer has becomes a draft answer whose body is the label's most frequent resolution in the file;
    `approve_answers` approves it where more than half of its resolutions are that very text. Answers that exist keep
    their text; an empty draft is filled.

    Raises InvalidFile or InvalidInput when the file or the mapping cannot be used, before anything is stored, and
    StorageUnavailable when the database or its disk refuses: its sentence says how far the import got.
    """
    started = time.perf_counter()
    tell = progress or _silent
    file = open_records(path)
    mapping.check(path, file.columns)
    if rejects_path is None and not dry_run:
        rejects_path = default_rejects(path)
    with RejectsFile(rejects_path) as rejects:
        before = _identity(path)
        surveyed = survey(
            file, mapping, approve_answers=approve_answers, told=lambda read: tell(0.0, f"Reading, {read:,} records")
        )
        run = _ImportRun(deps, workspace, file, mapping, surveyed, approve_answers=approve_answers, dry_run=dry_run)
        run.go(rejects, tell)
        if _identity(path) != before:
            raise InvalidFile(f"{path} was changed while it was read.", remedy="Run the same command again.")
        run.finish()
        run.tidy()
        kept = rejects.keep()
    seconds = time.perf_counter() - started
    return ImportReport(
        **run.counts.model_dump(),
        source=str(path),
        dry_run=dry_run,
        already_imported=run.already_imported,
        resumed_at=run.resumed_at,
        answers_unsettled=sum(not reply.settled for reply in surveyed.replies.values()),
        seconds=round(seconds, 3),
        rows_per_second=round((run.counts.read - run.resumed_at) / seconds, 1),
        rejects_path=str(kept) if kept else None,
        problems=run.problems,
    )


class _ImportRun:
    """One run over one file. `counts` are those of the file, earlier runs' included."""

    def __init__(
        self,
        deps: Deps,
        workspace: Workspace,
        file: RecordFile,
        mapping: Mapping,
        surveyed: Survey,
        *,
        approve_answers: bool,
        dry_run: bool,
    ) -> None:
        self._database = deps.database
        self._workspace = workspace
        self._file = file
        self._mapping = mapping
        self._survey = surveyed
        self._dry_run = dry_run
        self._batches = BatchStore(deps, workspace, surveyed, approve_answers=approve_answers)
        self._import: Import | None = None
        self._wrote = False
        self.counts = Counts()
        self.resumed_at = 0
        self.problems: list[Problem] = []

    @property
    def already_imported(self) -> bool:
        """Whether an earlier run had finished this very file and nothing was missing."""
        return self._import is not None and self._import.state == FINISHED and not self._wrote

    def go(self, rejects: RejectsFile, tell: Progress) -> None:
        """Work through the file. The next batch is embedded while the one before it is written."""
        self._begin()

        def reject(bad: BadRecord) -> None:
            rejects.add(bad)
            if len(self.problems) < PROBLEMS_TOLD:
                self.problems.append(Problem(line=bad.number, reason=bad.reason))

        stream = batches(self._file, self._mapping, skip=self.resumed_at, reject=reject)

        def prepare_next() -> Prepared | None:
            batch = next(stream, None)
            return self._batches.prepare(batch, embed=not self._dry_run) if batch is not None else None

        self._tell_position(tell, self.resumed_at)
        with self._saying_how_far(), ThreadPoolExecutor(1, thread_name_prefix="import") as ahead:
            upcoming = ahead.submit(prepare_next)
            while (prepared := upcoming.result()) is not None:
                upcoming = ahead.submit(prepare_next)
                self._take(prepared)
                self._tell_position(tell, prepared.batch.position)

    def _tell_position(self, tell: Progress, done: int) -> None:
        total = self._survey.records
        tell(done / total if total else 1.0, f"Importing, {done:,} of {total:,} records")

    def finish(self) -> None:
        """Note that the whole file is stored."""
        if self._import is None or self.already_imported:
            return
        with self._saying_how_far(), self._database.write() as session:
            self._note(session, self._survey.records, self.counts, FINISHED)
            audit.record(
                session, self._workspace.id, "import", "import.finished", self._import.id, source=self._import.source
            )

    def tidy(self) -> None:
        """Leave full text as quick as it can be: a long import leaves it in many pieces."""
        first = more = self.counts.added + self.counts.updated > WORTH_TIDYING and not self.already_imported
        while more:
            with self._saying_how_far(), self._database.write() as session:
                more = session.dialect.tidy(session.connection, first=first)
            first = False

    def _begin(self) -> None:
        if self._dry_run:
            return
        with self._database.write() as session:
            workspaces.hold(session, self._workspace.id)
            self._import = imports.begin(
                session,
                self._workspace.id,
                str(self._file.path),
                self._survey.fingerprint,
                self._mapping.model_dump(exclude_none=True),
            )
        if self._import.state != FINISHED:
            self.resumed_at = self._import.position
            self.counts = Counts.model_validate(self._import.counts)

    def _take(self, prepared: Prepared) -> None:
        if self._import is None or (self._import.state == FINISHED and not prepared.writes):
            self.counts = self._counted(prepared, _foreseen(prepared))
            return
        with self._database.write() as session:
            workspaces.hold(session, self._workspace.id)
            counts = self._counted(prepared, self._batches.store(session, prepared))
            self._note(session, prepared.batch.position, counts, RUNNING)
        self.counts = counts
        self._wrote = True

    def _counted(self, prepared: Prepared, stored: Stored) -> Counts:
        batch = prepared.batch
        more = {"read": batch.read, "duplicates": batch.duplicates, "rejected": batch.rejected, **asdict(stored)}
        return Counts(**{name: value + more[name] for name, value in self.counts.model_dump().items()})

    def _note(self, session: Session, position: int, counts: Counts, state: str) -> None:
        if self._import is None:
            return
        imports.progress(
            session, self._workspace.id, self._import.id, position=position, counts=counts.model_dump(), state=state
        )
        events.append(
            session,
            self._workspace.id,
            "import.finished" if state == FINISHED else "import.progressed",
            import_id=self._import.id,
            source=self._import.source,
            position=position,
            total=self._survey.records,
            **counts.model_dump(),
        )

    def _saying_how_far(self) -> "_HowFar":
        return _HowFar(lambda: f"{self.counts.read:,} of {self._survey.records:,} records of {self._file.path}")


class _HowFar(AbstractContextManager[None]):
    """Adds to a storage error how much of the file is safe, and that the same command goes on from there."""

    def __init__(self, done: Callable[[], str]) -> None:
        self._done = done

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, StorageUnavailable):
            remedy = error.remedy.partition(";")[0].rstrip(".") if error.remedy else "Try again"
            raise StorageUnavailable(
                f"{error.message} {self._done()} are stored, and nothing is half-written.",
                remedy=f"{remedy}, then run the same command again: it goes on from there.",
            ) from error


def _foreseen(prepared: Prepared) -> Stored:
    """What storing would do, for a dry run and for a batch that holds nothing new."""
    return Stored(
        added=prepared.new_cases,
        updated=len(prepared.cases) - prepared.new_cases,
        unchanged=prepared.unchanged,
        answers_added=len(prepared.new_answers),
        answers_approved=sum("status" in change.values for change in prepared.answer_changes),
    )


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _silent(_share: float, _doing: str) -> None:
    """No progress is wanted."""
