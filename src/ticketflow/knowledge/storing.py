"""One batch of an import: `prepare` looks up and embeds with no transaction open, `store` writes all of it in one."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ticketflow.db import Database, Session
from ticketflow.domain import AnswerStatus, ChunkKind, Workspace
from ticketflow.embeddings import Encoder
from ticketflow.knowledge import reencoding
from ticketflow.knowledge.mapping import ImportedCase
from ticketflow.knowledge.publishing import answer_source
from ticketflow.knowledge.sifting import Batch
from ticketflow.knowledge.survey import Survey
from ticketflow.retrieval import chunks
from ticketflow.retrieval.chunks import PreparedChunk, Source
from ticketflow.retrieval.cleaning import clean
from ticketflow.retrieval.language import detected
from ticketflow.retrieval.redaction import redact
from ticketflow.store import answers, cases
from ticketflow.store.answers import Answer, NewAnswer
from ticketflow.store.cases import Case, NewCase


class Deps(Protocol):
    """What an import needs of the runtime."""

    @property
    def database(self) -> Database:
        """Where everything goes."""
        ...

    @property
    def encoder(self) -> Encoder:
        """Makes the chunks' vectors."""
        ...


@dataclass(frozen=True)
class AnswerChange:
    """What an import does to an answer that exists: fills an empty draft, or approves it."""

    answer: Answer
    values: dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A batch ready to be written; `cases` are its new and changed ones.

    Chunks carry external ids and labels where the database's ids are not known yet.
    """

    batch: Batch
    cases: list[ImportedCase]
    new_cases: int
    unchanged: int
    new_answers: list[NewAnswer]
    answer_changes: list[AnswerChange]
    chunks: list[PreparedChunk]

    @property
    def writes(self) -> bool:
        """Whether there is anything to store besides the position."""
        return bool(self.cases or self.new_answers or self.answer_changes)


@dataclass(frozen=True)
class Stored:
    """What a batch did to the database."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    answers_added: int = 0
    answers_approved: int = 0


class BatchStore:
    """Prepares and stores the batches of one file, in order; `prepare` may run one batch ahead in another thread."""

    def __init__(self, deps: Deps, workspace: Workspace, survey: Survey, *, approve_answers: bool) -> None:
        self._deps = deps
        self._workspace = workspace
        self._survey = survey
        self._approve = approve_answers
        self._settled_labels: set[str] = set()

    def prepare(self, batch: Batch, *, embed: bool = True) -> Prepared:
        """Find out what is new, and split, analyze and embed it."""
        labels = {case.label for case in batch.cases if case.label is not None} - self._settled_labels
        with self._deps.database.read() as session:
            stored = cases.by_external_ids(session, self._workspace.id, [case.external_id for case in batch.cases])
            known = answers.by_labels(session, self._workspace.id, sorted(labels))
        # Batches before this one may not be committed yet, so what they do to answers is remembered here.
        self._settled_labels |= labels
        fresh = [case for case in batch.cases if not _same(stored.get(case.external_id), case)]
        if embed:
            fresh = [case if case.language else replace(case, language=detected(case.body)) for case in fresh]
        new_answers = [self._new_answer(case) for case in _first_of_each_label(batch.cases, labels - set(known))]
        changes = [change for answer in known.values() if (change := self._change(answer)) is not None]
        return Prepared(
            batch=batch,
            cases=fresh,
            new_cases=sum(case.external_id not in stored for case in fresh),
            unchanged=len(batch.cases) - len(fresh),
            new_answers=new_answers,
            answer_changes=changes,
            chunks=self._chunks(fresh, stored, new_answers, changes) if embed else [],
        )

    def store(self, session: Session, prepared: Prepared) -> Stored:
        """Write the batch. Looks again at what exists: another import may have stored the same meanwhile."""
        ids = self._store_answers(session, prepared)
        external_ids = [case.external_id for case in prepared.cases]
        stored = cases.by_external_ids(session, self._workspace.id, external_ids)
        new = [case for case in prepared.cases if case.external_id not in stored]
        changed = [
            case for case in prepared.cases if case.external_id in stored and not _same(stored[case.external_id], case)
        ]
        fresh = [_new_case(case, ids, session.now) for case in new]
        written = {made.external_id: made for made in cases.add_many(session, self._workspace.id, fresh)}
        for case in changed:
            before = stored[case.external_id]
            written[case.external_id] = cases.replace(session, before, _new_case(case, ids, before.resolved_at))
        chunks.replace(session, self._workspace, list(_named(prepared.chunks, written, ids)))
        if prepared.chunks:
            reencoding.complete_later(session, self._workspace.id, prepared.chunks[0].encoder)
        return Stored(
            added=len(new),
            updated=len(changed),
            unchanged=prepared.unchanged + len(prepared.cases) - len(new) - len(changed),
            answers_added=len(prepared.new_answers),
            answers_approved=sum("status" in change.values for change in prepared.answer_changes),
        )

    def _new_answer(self, case: ImportedCase) -> NewAnswer:
        label = case.label or ""
        reply = self._survey.reply(label)
        approved = self._approve and reply.settled
        return NewAnswer(
            label=label,
            title=answers.title_of(label) or label,
            body=reply.body,
            status=AnswerStatus.APPROVED if approved else AnswerStatus.DRAFT,
            category=case.category,
            team=None,
            language=None,
        )

    def _change(self, answer: Answer) -> AnswerChange | None:
        if answer.status is not AnswerStatus.DRAFT:
            return None
        reply = self._survey.reply(answer.label)
        values: dict[str, Any] = {"body": reply.body} if reply.body and not answer.body else {}
        if self._approve and reply.settled and values.get("body", answer.body) == reply.body:
            values["status"] = AnswerStatus.APPROVED
        return AnswerChange(answer, values) if values else None

    def _chunks(
        self,
        fresh: list[ImportedCase],
        stored: dict[str, Case],
        new_answers: list[NewAnswer],
        changes: list[AnswerChange],
    ) -> list[PreparedChunk]:
        sources = [_case_source(case) for case in fresh]
        sources += [answer_source(new.label, new) for new in new_answers]
        sources += [
            answer_source(change.answer.label, change.answer.model_copy(update=change.values)) for change in changes
        ]
        encoder, known = self._deps.encoder, dict[str, bytes]()
        if stored and fresh:  # a file with new labels for known texts needs no encoding
            with self._deps.database.read() as session:
                known = chunks.stored_vectors(session, self._workspace, encoder.id, sources)
        return chunks.prepare(encoder, sources, known=known)

    def _store_answers(self, session: Session, prepared: Prepared) -> dict[str, str]:
        """Write the answers; the ids of all labels of the batch."""
        labels = sorted({case.label for case in prepared.batch.cases if case.label is not None})
        known = answers.by_labels(session, self._workspace.id, labels)
        wanted = [new for new in prepared.new_answers if new.label not in known]
        made = answers.add_many(session, self._workspace.id, wanted)
        for change in prepared.answer_changes:
            if known[change.answer.label].version == change.answer.version:  # nobody has worked on it meanwhile
                answers.change(session, self._workspace.id, change.answer.id, **change.values)
        return {**{label: answer.id for label, answer in known.items()}, **{answer.label: answer.id for answer in made}}


def _same(stored: Case | None, case: ImportedCase) -> bool:
    return stored is not None and stored.content_hash == case.content_hash


def _first_of_each_label(found: Iterable[ImportedCase], labels: set[str]) -> list[ImportedCase]:
    first: dict[str, ImportedCase] = {}
    for case in found:
        if case.label is not None and case.label in labels:
            first.setdefault(case.label, case)
    return list(first.values())


def _new_case(case: ImportedCase, ids: dict[str, str], otherwise: int) -> NewCase:
    return NewCase(
        external_id=case.external_id,
        subject=case.subject,
        body=case.body,
        resolution=case.resolution,
        answer_id=ids[case.label] if case.label is not None else None,
        category=case.category,
        priority=case.priority,
        language=case.language,
        content_hash=case.content_hash,
        resolved_at=case.resolved_at if case.resolved_at is not None else otherwise,
    )


def _case_source(case: ImportedCase) -> Source:
    """What is indexed of a case: its words as `ingest` prepares those of a new ticket, so that the two compare."""
    text = redact(clean(case.subject, case.body))[0] or case.body
    title = redact(clean(case.subject, ""))[0]
    return Source(
        kind=ChunkKind.CASE,
        id=case.external_id,
        title=title if text.startswith(title) else "",
        text=text,
        category=case.category,
        language=case.language,
        answer_id=case.label,
    )


def _named(
    prepared: list[PreparedChunk], written: dict[str | None, Case], answer_ids: dict[str, str]
) -> Iterable[PreparedChunk]:
    """The chunks with the database's ids; those of cases that turned out to be stored already are left out."""
    for part in prepared:
        if part.source.kind is ChunkKind.ANSWER:
            yield replace(part, source=replace(part.source, id=answer_ids[part.source.id]))
        elif (case := written.get(part.source.id)) is not None:
            yield replace(part, source=replace(part.source, id=case.id, answer_id=case.answer_id))
