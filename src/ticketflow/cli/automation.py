"""`ticketflow automation`: how automation stands, its kill switch, and what the agent may do at most."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.api.schemas.automation import AutomationOut, SegmentOut
    from ticketflow.runtime import Runtime
    from ticketflow.store.notices import Notice

automation_app = typer.Typer(invoke_without_command=True)

ACTOR = "command line"
NOTICES = 10


class LevelName(StrEnum):
    """The levels as they are typed; `domain.Level` itself would load what --help does not need."""

    OFF = "off"
    SHADOW = "shadow"
    ASSIST = "assist"
    AUTO = "auto"


Reason = Annotated[str, typer.Option(help="Why, for the event and the audit log.", show_default=False)]


@automation_app.callback()
def show(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """Show how automation stands: levels, thresholds, proofs, the watch, waiting audits and unread notices.

    Example: `ticketflow automation --json | jq .sentence`
    """
    if context.invoked_subcommand is not None:
        if home is not None or as_json:
            raise InvalidInput(f"--home and --json go behind the word {context.invoked_subcommand!r}.")
        return
    from ticketflow.api.overview import overview
    from ticketflow.store import notices

    built = runtime(home, existing=True)
    workspace = built.workspace()
    stands = overview(built, workspace.id)
    with built.database.read() as session:
        unread = notices.page(session, workspace.id, unread=True, limit=NOTICES)
    if as_json:
        emit({**stands.model_dump(mode="json"), "notices": [_shown(notice) for notice in unread]})
        return
    _show(stands)
    if unread:
        output.print()
        output.print(Text("Unread notices; `ticketflow automation read` marks them as read.", style="bold"))
        for notice in unread:
            output.print(Text(f"{_iso(notice.created_at)[:16].replace('T', ' ')}  {notice.text}"), soft_wrap=True)


@automation_app.command()
def stop(home: Home = None, reason: Reason = "", as_json: AsJson = False) -> None:
    """The kill switch: from now on no process sends anything by itself. Stopping twice is no error.

    Example: `ticketflow automation stop --reason "The price list changes tonight."`
    """
    _change(
        runtime(home, existing=True),
        {"automation": False},
        "Automatic replies are stopped; people reply.",
        as_json,
        reason,
    )


@automation_app.command()
def resume(home: Home = None, reason: Reason = "", as_json: AsJson = False) -> None:
    """Take the kill switch back. Certificates and the watch still decide what the agent may send.

    Example: `ticketflow automation resume`
    """
    _change(runtime(home, existing=True), {"automation": True}, "Automation is on again.", as_json, reason)


@automation_app.command()
def level(
    wanted: Annotated[
        LevelName, typer.Argument(metavar="LEVEL", help="off, shadow, assist or auto.", show_default=False)
    ],
    home: Home = None,
    category: Annotated[
        str | None, typer.Option(metavar="CATEGORY", help="Only for this category.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set what the agent may do at most: nothing, decide in the shadow, propose to people, or reply by itself.

    Example: `ticketflow automation level assist --category billing`

    A category can only be given less than the whole workspace; auto takes its own level away again.
    """
    from ticketflow.domain import Level

    built = runtime(home, existing=True)
    if category is None:
        _change(built, {"level": Level(wanted)}, f"The level is {wanted} now.", as_json)
        return
    from ticketflow.store import settings

    workspace = built.workspace()
    check_category(built, workspace.id, category)
    with built.database.read() as session:
        others = {name: one for name, one in settings.get(session, workspace.id).levels.items() if name != category}
    levels = others if wanted is LevelName.AUTO else {**others, category: Level(wanted)}
    _change(built, {"levels": levels}, f"The level of {category!r} is {wanted} now.", as_json)


@automation_app.command()
def read(home: Home = None, as_json: AsJson = False) -> None:
    """Mark every unread notice as read.

    Example: `ticketflow automation read`
    """
    from ticketflow.store import notices

    built = runtime(home, existing=True)
    workspace = built.workspace()
    count = 0
    with built.database.write() as session:
        while unread := notices.page(session, workspace.id, unread=True):
            for notice in unread:
                notices.read(session, workspace.id, notice.id, ACTOR)
            count += len(unread)
    if as_json:
        emit({"read": count})
    else:
        console.print(f"{count:,} {'notice is' if count == 1 else 'notices are'} marked as read.")


def check_category(built: "Runtime", workspace_id: str, category: str) -> None:
    """Warn of a category that nothing has: most often it is mistyped. Raises InvalidInput for one without a name."""
    from ticketflow.store import answers, cases

    if not 1 <= len(category.strip()) <= 190:
        raise InvalidInput("A category's name has 1 to 190 characters.", field="category")
    with built.database.read() as session:
        known = {answer.category for answer in answers.every(session, workspace_id)}
        if category not in known:
            known |= {case.category for case in cases.labelled(session, workspace_id, 100_000)}
    if category not in known:
        named = ", ".join(sorted(name for name in known if name)[:20]) or "none"
        warning = f"Warning: no case and no answer has the category {category!r}. There are: {named}."
        console.print(Text(warning, style="yellow"), soft_wrap=True)


def _change(built: "Runtime", changes: dict[str, Any], told: str, as_json: bool, reason: str = "") -> None:
    from ticketflow.agent.changing import change_settings

    workspace = built.workspace()
    with built.database.write() as session:
        made = change_settings(session, workspace.id, changes, ACTOR, reason=reason)
    if as_json:
        emit(made.model_dump(mode="json"))
    else:
        console.print(Text(told))


def _show(stands: "AutomationOut") -> None:
    output.print(Text(stands.sentence), soft_wrap=True)
    output.print()
    table = Table("tickets", "level", "stage", "threshold", "proof", box=None, header_style="bold", pad_edge=False)
    for one in stands.segments:
        threshold = "never" if one.threshold is None else f"{one.threshold:.3f}"
        table.add_row(Text(one.segment or "all others"), one.level, one.stage, threshold, Text(_proof(one)))
    output.print(table)
    output.print()
    sensitive = [one.category for one in stands.categories if one.sensitive]
    if sensitive:
        output.print(Text(f"Never automatic: {', '.join(sensitive)}."), soft_wrap=True)
    lower = [one for one in stands.categories if one.level is not stands.level]
    if lower:
        output.print(Text("Less for " + ", ".join(f"{one.category}: {one.level}" for one in lower) + "."))
    audits = stands.audits
    output.print(
        f"Audit: {audits.open:,} wait for a grade, {audits.second:,} for a second one, {audits.overdue:,} overdue; "
        f"`ticketflow audit` lists them.",
        soft_wrap=True,
    )


def _proof(one: "SegmentOut") -> str:
    from ticketflow.learning.percent import percent

    made = one.certificate
    if one.threshold is None or made is None:
        said = [*one.objections[:1], *([one.refusal] if one.refusal else [])]
        return " ".join(dict.fromkeys(said)) or "none yet"
    parts = [
        f"at most {percent(made.max_wrong)} wrong with {percent(made.certainty)} certainty; of {made.labels:,} graded "
        f"tickets {percent(made.coverage)} reach it, {made.errors:,} wrong"
    ]
    return "; ".join([*parts, *one.watch.reasons])


def _shown(notice: "Notice") -> dict[str, object]:
    return {**notice.model_dump(), "created_at": _iso(notice.created_at)}


def _iso(moment: int) -> str:
    from ticketflow.clock import to_iso

    return to_iso(moment)
