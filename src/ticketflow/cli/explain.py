"""`ticketflow explain`: why the agent did what it did with a ticket."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from ticketflow.cli.context import AsJson, Home, emit, output, runtime
from ticketflow.errors import NotFound

if TYPE_CHECKING:
    from ticketflow.agent.account import Account

CANDIDATES, EVIDENCE = 3, 8
EXCERPT = 90


def explain(
    ticket: Annotated[
        str,
        typer.Argument(metavar="TICKET", help="The ticket's id, or the id another system gave it.", show_default=False),
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show a ticket's decision: evidence, features, threshold, and every step with its time.

    Example: `ticketflow explain N017 --json | jq .steps`
    """
    from ticketflow.agent.account import account

    built = runtime(home, existing=True)
    workspace = built.workspace()
    with built.database.read() as session:
        told = account(session, workspace.id, ticket)
    if told is None:
        raise NotFound(
            f"There is no ticket {ticket!r} with a decision in workspace {workspace.slug!r}.",
            remedy="`ticketflow process` makes decisions.",
        )
    if as_json:
        emit(told.model_dump(mode="json"))
    else:
        _show(told)


def _show(told: "Account") -> None:
    decision, analysis, ticket = told.decision.decision, told.decision.analysis, told.ticket
    intake = next((step.output for step in told.steps if step.step == "ingest"), {})
    heading = ticket.subject or _excerpt(intake.get("text", ""))
    output.print(Text.assemble((heading, "bold"), f"\n{ticket.external_id or ticket.id}, now {ticket.status}\n"))
    threshold = "no threshold" if decision.threshold is None else f"threshold {decision.threshold:.3f}"
    proposed = decision.label or "no answer"
    _line(f"{decision.action}: {proposed}, confidence {decision.confidence:.3f}, {threshold}")
    for reason in decision.reasons:
        _line(f"  - {reason}")
    guesses = (("category", analysis.category), ("priority", analysis.priority), ("language", analysis.language))
    for name, guess in (*guesses, ("sentiment", analysis.sentiment)):
        _line(f"  {name}: {guess.value or 'unknown'} ({guess.confidence:.2f}, {guess.source})")
    _consulted(told)
    output.print()
    candidates = _table("candidate", "score", "features")
    for candidate in analysis.candidates[:CANDIDATES]:
        features = "  ".join(f"{name}={value:.2f}" for name, value in candidate.features.items())
        candidates.add_row(Text(candidate.label), f"{candidate.score:.3f}", features)
    output.print(candidates)
    output.print()
    evidence = _table("evidence", "score", "answer", "text")
    for found in told.evidence[:EVIDENCE]:
        evidence.add_row(found.kind, f"{found.score:.3f}", Text(found.label or ""), Text(_excerpt(found.snippet)))
    output.print(evidence)
    output.print()
    steps = _table("step", "version", "ms")
    for step in told.steps:
        steps.add_row(step.step, step.version, f"{step.duration_us / 1000:.1f}")
    output.print(steps)


def _consulted(told: "Account") -> None:
    """What a language model said, or why none did; nothing for a decision from before there were any."""
    consultation = told.consultation
    if consultation is None:
        return
    if consultation.reading is None:
        _line(f"  language model: none heard. {consultation.without}")
    else:
        _line(f"  language model: {consultation.reading.summary}")
        _line(f"  likely cause: {consultation.reading.root_cause}")
    draft = told.draft
    if draft is not None and draft.without is None:
        reply = " ".join(sentence.text for sentence in draft.reply)
        _line(f"  suggested reply: {reply or 'none. ' + ' '.join(draft.doubts)}")
    for call in (*consultation.calls, *(draft.calls if draft else ())):
        _line(f"  - {call.provider} ({call.model}), {call.prompt}, {call.milliseconds} ms: {call.verdict}")


def _line(text: str) -> None:
    output.print(Text(text), soft_wrap=True)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, header_style="bold", pad_edge=False)


def _excerpt(text: str) -> str:
    return " ".join(text.split())[:EXCERPT]
