"""`ticketflow replay`: a decision made again, as it was or under another configuration."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from ticketflow.cli.context import AsJson, Home, emit, output, runtime
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.agent.replay import Comparison, Configuration, Difference, Repeated, Replay, Ruling

SHOWN = 20
WIDTH = 60


def replay(
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION", help="A decision's id, or a ticket's: then its newest decision.", show_default=False
        ),
    ],
    home: Home = None,
    now: Annotated[
        bool, typer.Option("--now", help="Under today's score version, answers, settings and certificates.")
    ] = False,
    version: Annotated[
        str | None, typer.Option(metavar="VERSION", help="The same under another score version.", show_default=False)
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Under another setting; may be repeated.", show_default=False),
    ] = None,
    search_again: Annotated[
        bool, typer.Option("--search-again", help="With the evidence that search finds today.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a decision again from what is stored. Without options it must come out the same, byte for byte: exit code 0
    when it does, 1 when it does not. With options, show what another configuration would have decided. Writes nothing.

    Example: `ticketflow replay N017 --set max_wrong=0.01`
    """
    from ticketflow.agent import replay as replaying

    wanted = replaying.Configuration(
        settings=dict(_setting(one) for one in set_ or []), now=now, version=version, search_again=search_again
    )
    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        found = replaying.locate(session, workspace.id, decision)
    if wanted.changes:
        compared = replaying.under(built.deps, workspace.id, found.id, wanted)
        emit(compared.model_dump(mode="json")) if as_json else _show_comparison(compared)
        return
    made = replaying.replay(built.deps, workspace.id, found.id)
    emit(made.model_dump(mode="json")) if as_json else _show_replay(made)
    if not made.same:
        raise typer.Exit(1)


def _setting(text: str) -> tuple[str, Any]:
    """A setting as it is typed: a JSON value, or a plain word. Raises InvalidInput."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InvalidInput(
            f"--set {text!r} names no setting and value.",
            remedy="Write NAME=VALUE, for example max_wrong=0.01 or level=assist or 'sensitive=[\"refund\"]'.",
            field="set",
        )
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value.strip()


def _show_replay(made: "Replay") -> None:
    from ticketflow.clock import to_iso

    _line(f"Decision {made.decision_id} of {to_iso(made.created_at)}, score version {made.version}")
    steps = Table("step", "replay", "", box=None, header_style="bold", pad_edge=False)
    for step in made.steps:
        steps.add_row(step.step, _word(step), Text(step.note))
    output.print(steps)
    _show_differences([one for step in made.steps for one in _named(step)], "stored", "replayed")
    for name in made.altered:
        _line(f"What the step {name!r} built on is not what is stored now: somebody changed the stored rows.")
    _line("The same, byte for byte." if made.same else "Not the same.")


def _word(step: "Repeated") -> str:
    return "not repeated" if step.same is None else "same" if step.same else "differs"


def _named(step: "Repeated") -> "list[Difference]":
    return [one.model_copy(update={"path": f"{step.step}: {one.path}"}) for one in step.differences]


def _show_comparison(compared: "Comparison") -> None:
    _line(f"Decision {compared.decision_id}")
    _show_ruling("as it was", compared.before)
    _show_ruling(_called(compared.configuration), compared.after)
    output.print()
    if not compared.differences:
        _line("The decision would have been the same.")
    told = [one for one in compared.differences if not one.path.startswith("reasons.")]
    _show_differences(told, "before", "after")
    _show_differences(compared.rules, "before", "after", "decided by")
    _show_candidates(compared)


def _called(wanted: "Configuration") -> str:
    parts = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in wanted.settings.items()]
    parts += ["today's state"] if wanted.now else []
    parts += [f"score version {wanted.version}"] if wanted.version is not None else []
    parts += ["evidence of today"] if wanted.search_again else []
    return "under " + ", ".join(parts)


def _show_ruling(called: str, ruling: "Ruling") -> None:
    made = ruling.decision
    threshold = "no threshold" if made.threshold is None else f"threshold {made.threshold:.3f}"
    _line(f"{called}: {made.action} {made.label or 'no answer'}, confidence {made.confidence:.3f}, {threshold}")
    for reason in made.reasons:
        _line(f"  - {reason}")


def _show_differences(told: "list[Difference]", first: str, second: str, heading: str = "field") -> None:
    if not told:
        return
    table = Table(heading, first, second, box=None, header_style="bold", pad_edge=False)
    for one in told[:SHOWN]:
        table.add_row(Text(one.path), Text(_value(one.before)), Text(_value(one.after)))
    output.print(table)
    if len(told) > SHOWN:
        _line(f"and {len(told) - SHOWN:,} more; --json shows all")


def _show_candidates(compared: "Comparison") -> None:
    before, after = (
        {one.label: one.score for one in ruling.candidates} for ruling in (compared.before, compared.after)
    )
    if before == after:
        return
    table = Table("candidate", "score before", "score after", box=None, header_style="bold", pad_edge=False)
    for label in [*after, *(label for label in before if label not in after)]:
        scores = (f"{side[label]:.3f}" if label in side else "" for side in (before, after))
        table.add_row(Text(label), *scores)
    output.print(table)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _line(text: str) -> None:
    output.print(Text(text), soft_wrap=True)
