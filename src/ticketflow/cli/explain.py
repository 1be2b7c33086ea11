"""`ticketflow explain`: why the agent did what it did with a ticket."""

from typing import Annotated

import typer
from rich.table import Table

from ticketflow.cli.context import AsJson, Home, emit, output, runtime
from ticketflow.errors import NotFound


def explain(
    ticket: Annotated[str, typer.Argument(help="The ticket's id, or the id another system gave it.")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Show a ticket's decision: evidence, features, threshold, and every step with its time.

    Example: `ticketflow explain N017 --json | jq .steps`
    """
    from ticketflow.agent.account import account

    built = runtime(home)
    workspace = built.workspace()
    with built.database.read() as session:
        told = account(session, workspace.id, ticket)
    if told is None:
        raise NotFound(
            f"There is no ticket {ticket!r} with a decision.", remedy="`ticketflow process` makes decisions."
        )
    if as_json:
        emit(told.model_dump(mode="json"))
        return
    decision, analysis = told.decision.decision, told.decision.analysis
    output.print(f"[bold]{told.ticket.subject or told.ticket.id}[/bold]  ({told.ticket.status})")
    output.print(f"{decision.action}: {decision.label or 'no answer'}, confidence {decision.confidence:.3f}")
    for reason in decision.reasons:
        output.print(f"  - {reason}")
    guesses = (("category", analysis.category), ("priority", analysis.priority), ("language", analysis.language))
    for name, guess in (*guesses, ("sentiment", analysis.sentiment)):
        output.print(f"  {name}: {guess.value or 'unknown'} ({guess.confidence:.2f}, {guess.source})")
    features = Table("candidate", "score", "features", box=None, header_style="bold", pad_edge=False)
    for candidate in analysis.candidates[:3]:
        told_features = "  ".join(f"{name}={value:.2f}" for name, value in candidate.features.items())
        features.add_row(candidate.label, f"{candidate.score:.3f}", told_features)
    output.print(features)
    evidence = Table("evidence", "score", "answer", "text", box=None, header_style="bold", pad_edge=False)
    for found in told.evidence[:8]:
        evidence.add_row(found.kind, f"{found.score:.3f}", found.label or "", " ".join(found.snippet.split())[:90])
    output.print(evidence)
    steps = Table("step", "version", "ms", box=None, header_style="bold", pad_edge=False)
    for step in told.steps:
        steps.add_row(step.step, step.version, f"{step.duration_us / 1000:.1f}")
    output.print(steps)
