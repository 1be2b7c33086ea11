"""`ticketflow import`: a file of resolved tickets into the knowledge base, with the refit at its end."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ticketflow.cli.columns import (
    BodyColumn,
    CategoryColumn,
    CreatedAtColumn,
    LanguageColumn,
    PriorityColumn,
    ResolutionColumn,
    SubjectColumn,
    TextColumn,
)
from ticketflow.cli.context import AsJson, Home, console, emit, runtime
from ticketflow.cli.progress import progress

if TYPE_CHECKING:
    from ticketflow.domain import Workspace
    from ticketflow.knowledge.importing import ImportReport
    from ticketflow.runtime import Runtime

EXIT_NOTHING_WENT_IN = 1


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON or JSONL, in UTF-8.", show_default=False)
    ],
    text: TextColumn = None,
    subject: SubjectColumn = None,
    body: BodyColumn = None,
    answer: Annotated[str | None, typer.Option(metavar="COLUMN", help="The answer's label.")] = None,
    resolution: ResolutionColumn = None,
    category: CategoryColumn = None,
    created_at: CreatedAtColumn = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="An id that stays the same.")] = None,
    priority: PriorityColumn = None,
    language: LanguageColumn = None,
    no_answer: Annotated[
        list[str] | None, typer.Option(metavar="VALUE", help="An answer's label that means: none fitted. Repeatable.")
    ] = None,
    approve_answers: Annotated[
        bool, typer.Option("--approve-answers", help="Approve answers whose reply the file agrees on.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    no_refit: Annotated[bool, typer.Option("--no-refit", help="Leave learning to the background.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected records go. [default: FILE.rejects.jsonl]", show_default=False)
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Import resolved tickets with their answers, then learn from them.

    Example: `ticketflow import solved.csv --subject title --body text --answer macro --resolution reply --id number`

    A label that no answer has becomes a draft answer; its text is the reply that the file gives most often for it.

    A record that cannot be used is set aside with its line and the reason, and the rest goes in (exit code 0; 1 when
    none could be used). Running the command again is safe: it goes on where it was stopped and adds nothing twice.
    """
    from ticketflow.knowledge.importing import import_history
    from ticketflow.knowledge.mapping import Mapping
    from ticketflow.knowledge.records import open_records

    mapping = Mapping(
        text=text,
        subject=subject,
        body=body,
        answer=answer,
        resolution=resolution,
        category=category,
        created_at=created_at,
        id=id_,
        priority=priority,
        language=language,
        no_answer=tuple(value.strip() for value in no_answer or ()),
    )
    mapping.check(file, open_records(file).columns)  # before a home folder is made for a file that is unusable
    workspace = (built := runtime(home)).workspace()
    with progress(shown=not as_json) as advance, _told_when_stopped():
        report = import_history(
            built.deps,
            workspace,
            file,
            mapping,
            dry_run=dry_run,
            rejects_path=rejects,
            approve_answers=approve_answers,
            progress=advance,
        )
    told = report.model_dump()
    if not as_json:
        _tell(report)
    if not dry_run:
        told["learned"] = _learn(built, workspace, report, now=not no_refit, shown=not as_json)
    if as_json:
        emit(told)
    elif not dry_run:
        _tell_learned(built, workspace, told["learned"], left=no_refit)
    if 0 < report.read == report.rejected:
        raise typer.Exit(EXIT_NOTHING_WENT_IN)


def _tell(report: "ImportReport") -> None:
    if report.already_imported:
        console.print(
            Text(f"{report.source} was imported already: all {report.unchanged:,} cases are there, nothing to do."),
            soft_wrap=True,
        )
    else:
        verb = "would be added" if report.dry_run else "added"
        console.print(
            f"{report.added:,} cases {verb}, {report.updated:,} updated, {report.unchanged:,} unchanged, "
            f"{report.duplicates:,} duplicates; {report.answers_added:,} new answers, {report.answers_approved:,} "
            f"drafts approved. {report.seconds:.1f} s, {report.rows_per_second:,.0f} records a second.",
            soft_wrap=True,
        )
    if report.resumed_at:
        console.print(f"An earlier run had stored the first {report.resumed_at:,} records.")
    if report.rejected:
        where = f"; see {report.rejects_path}" if report.rejects_path else ""
        console.print(
            Text(f"{report.rejected:,} of {report.read:,} records were set aside{where}.", style="yellow"),
            soft_wrap=True,
        )
        for problem in report.problems[:5]:
            console.print(f"  line {problem.line}: {problem.reason}", soft_wrap=True, markup=False)
    if report.answers_unsettled:
        console.print(f"{report.answers_unsettled:,} labels have no common reply; their answers want a human's eye.")


def _learn(
    built: "Runtime", workspace: "Workspace", report: "ImportReport", *, now: bool, shown: bool
) -> dict[str, Any] | None:
    """Learn from what is new since the last time; None when nothing is, or when the background will do it."""
    from ticketflow.agent import learn
    from ticketflow.learning import refitting
    from ticketflow.store import cases

    with built.database.read() as session:
        fresh = cases.count_since(session, workspace.id, refitting.learned_until(session, workspace.id))
    if fresh == 0 and report.updated == 0:
        return None
    if not now:
        with built.database.write() as session:
            learn.queue_refit(session, workspace.id)
        return None
    with progress(shown=shown) as advance:
        return learn.refit(built.deps, workspace.id, advance).model_dump()


def _tell_learned(built: "Runtime", workspace: "Workspace", learned: dict[str, Any] | None, *, left: bool) -> None:
    """The figures of what was learned, all of them from tickets judged by a learner that had not seen them."""
    from ticketflow.agent.permission import standing
    from ticketflow.domain import AnswerStatus

    if left:
        console.print("Learning is left to `ticketflow serve` or `ticketflow worker`.", markup=False)
        return
    known = built.deps.experience.get(workspace.id)
    figures = (learned or {}).get("figures", {})
    if "accuracy" in figures:
        console.print(f"Learned: of past tickets held back, {figures['accuracy']:.1%} got the right answer first.")
    if learned and not learned["in_force"]:
        console.print("The version in force stays: it is proven for more tickets than the new one.")
    console.print(standing(known), soft_wrap=True, markup=False)
    drafts = sum(answer.status is AnswerStatus.DRAFT for answer in known.answers)
    if drafts:
        console.print(f"{drafts:,} of {len(known.answers):,} answers are drafts; only approved ones are ever sent.")
    else:
        console.print(f"All {len(known.answers):,} answers are approved.")


@contextmanager
def _told_when_stopped() -> Generator[None]:
    try:
        yield
    except KeyboardInterrupt:
        console.print("Stopped. What is stored stays; the same command goes on from there.")
        raise
