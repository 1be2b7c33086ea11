"""`ticketflow audit`: decisions that the coin drew, listed and graded."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.api.schemas.audits import AuditOut
    from ticketflow.runtime import Runtime
    from ticketflow.store.audits import AuditSample

audit_app = typer.Typer(invoke_without_command=True)

LISTED = 50


class GradeName(StrEnum):
    """The grades as they are typed; `domain.Grade` itself would load what --help does not need."""

    RIGHT = "right"
    INCOMPLETE = "incomplete"
    WRONG = "wrong"
    UNSAFE = "unsafe"


KEYS = {name.value[0]: name for name in GradeName}
SKIP, QUIT = "s", ("q", "\x03", "\x04")

Grader = Annotated[str, typer.Option(metavar="NAME", help="Who grades; a second grade is for somebody else.")]


@audit_app.callback()
def list_(
    context: typer.Context,
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most, the oldest first.")] = LISTED,
    as_json: AsJson = False,
) -> None:
    """List the decisions that wait for a grade, without the agent's confidence and without what became of them.

    Example: `ticketflow audit --limit 10 --json`
    """
    if context.invoked_subcommand is not None:
        if home is not None or as_json or limit != LISTED:
            raise InvalidInput(f"Options go behind the word {context.invoked_subcommand!r}.")
        return
    from ticketflow.api.blind import task
    from ticketflow.store import audits

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        found = audits.queue(session, workspace.id, limit=limit)
        waiting = [task(session, workspace.id, sample) for sample in found]
        counts = audits.counts(session, workspace.id)
    if as_json:
        for one in waiting:
            emit(one.model_dump(mode="json"))
        return
    if not waiting:
        console.print("Nothing waits for a grade.")
        return
    table = Table("decision", "due", "ticket", "proposed answer", box=None, header_style="bold", pad_edge=False)
    for one in waiting:
        shown = " ".join((one.subject or one.body).split())[:60]
        table.add_row(one.decision_id, _day(one.due_at), Text(shown), Text(one.answer.label if one.answer else "none"))
    output.print(table)
    left = counts.open + counts.second - len(waiting)
    if left > 0:
        console.print(f"{left:,} more; --limit shows them.")


@audit_app.command()
def grade(
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="The decision's id.", show_default=False)],
    given: Annotated[
        GradeName, typer.Argument(metavar="GRADE", help="right, incomplete, wrong or unsafe.", show_default=False)
    ],
    grader: Grader,
    home: Home = None,
    right_answer: Annotated[
        str | None, typer.Option(metavar="LABEL", help="The answer that would have been right.", show_default=False)
    ] = None,
    note: Annotated[str, typer.Option(help="Why, in words.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Grade a proposed reply. A grade stays; only right is no error.

    Example: `ticketflow audit grade 0192f0c1-7b90-7f00-8000-2f4d1c0b9a88 wrong --right-answer refund --grader ana`
    """
    built = runtime(home, existing=True)
    made = _grade(built, decision, given, grader, right_answer, note)
    if as_json:
        told = {"decision_id": made.decision_id, "grade": given, "state": made.state, "wrong": made.wrong}
        emit(told)
        return
    asked = " Somebody else is asked as well." if made.state == "second" else ""
    console.print(Text(f"Decision {decision} is graded {given}.{asked}"), soft_wrap=True)


@audit_app.command(name="next")
def next_(grader: Grader, home: Home = None) -> None:
    """Show one waiting decision after the other, and ask for one key each: the quickest way to grade.

    Example: `ticketflow audit next --grader ana`
    """
    if not sys.stdin.isatty():
        raise InvalidInput(
            "`ticketflow audit next` asks for keys and needs a terminal.",
            remedy="Use `ticketflow audit` and `ticketflow audit grade` in scripts.",
        )
    built = runtime(home, existing=True)
    count, after = 0, ""
    while (found := _next(built, grader, after)) is not None:
        after = found.decision_id
        _show(found)
        key = _asked()
        if key in QUIT:
            break
        if key != SKIP:
            _grade(built, found.decision_id, KEYS[key], grader, None, "")
            count += 1
    else:
        console.print("Nothing more waits for a grade by you.")
    console.print(f"{count:,} graded.")


def _grade(
    built: "Runtime", decision: str, given: GradeName, grader: str, right_answer: str | None, note: str
) -> "AuditSample":
    from ticketflow.agent import grading
    from ticketflow.domain import Grade
    from ticketflow.store import answers

    workspace = built.workspace()
    if not 1 <= len(grader.strip()) <= 190:
        raise InvalidInput("A grader's name has 1 to 190 characters.", field="grader")
    if right_answer is not None and given is GradeName.RIGHT:
        raise InvalidInput("--right-answer belongs to a grade other than right.", field="right_answer")
    with built.database.write() as session:
        named = answers.by_labels(session, workspace.id, [right_answer]) if right_answer is not None else {}
        if right_answer is not None and right_answer not in named:
            raise InvalidInput(f"There is no answer {right_answer!r}.", field="right_answer")
        answer_id = named[right_answer].id if right_answer is not None else None
        return grading.grade(
            session, workspace.id, decision, Grade(given), grader.strip(), right_answer_id=answer_id, note=note
        )


def _next(built: "Runtime", grader: str, after: str) -> "AuditOut | None":
    from ticketflow.api.blind import task
    from ticketflow.store import audits

    workspace = built.workspace()
    with built.database.read() as session:
        found = audits.queue(session, workspace.id, grader=grader.strip(), after=after, limit=1)
        return task(session, workspace.id, found[0]) if found else None


def _show(one: "AuditOut") -> None:
    from ticketflow.agent.grading import RUBRIC
    from ticketflow.domain import Grade

    output.print()
    output.print(Text(f"{one.subject or 'No subject'}", style="bold"))
    output.print(Text(one.body))
    output.print()
    output.print(Text("Proposed reply" if one.answer else "The agent knew nothing to propose.", style="bold"))
    if one.answer:
        output.print(Text(one.answer.text))
    for hint in one.evidence:
        output.print(Text(f"  similar ({hint.label or 'no answer'}): {' '.join(hint.snippet.split())[:100]}"))
    output.print()
    for key, meant in KEYS.items():
        output.print(Text(f"  {key}  {meant}: {RUBRIC[Grade(meant)]}"))
    output.print(Text(f"  {SKIP}  skip    q  quit"))


def _asked() -> str:
    while True:
        key = typer.getchar().lower()
        if key in KEYS or key == SKIP or key in QUIT:
            return key


def _day(moment: int) -> str:
    from ticketflow.clock import to_iso

    return to_iso(moment)[:10]
