"""`ticketflow backtest`: what automation would have done with a file of past tickets, proven or refused."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
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
from ticketflow.cli.context import AsJson, console, emit, output
from ticketflow.cli.progress import progress
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.backtest.result import Backtest


def backtest(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON or JSONL, in UTF-8.", show_default=False)
    ],
    text: TextColumn = None,
    subject: SubjectColumn = None,
    body: BodyColumn = None,
    answer: Annotated[str | None, typer.Option(metavar="COLUMN", help="The label of the answer people gave.")] = None,
    resolution: ResolutionColumn = None,
    category: CategoryColumn = None,
    created_at: CreatedAtColumn = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="The ticket's id.")] = None,
    priority: PriorityColumn = None,
    language: LanguageColumn = None,
    max_wrong: Annotated[float, typer.Option(help="Largest share of wrong automatic replies you accept.")] = 0.05,
    confidence: Annotated[float, typer.Option(help="How sure the proof must be.")] = 0.95,
    cost_per_ticket: Annotated[float, typer.Option(help="What a ticket costs that a human handles.")] = 6.0,
    no_answer: Annotated[
        list[str] | None,
        typer.Option(metavar="VALUE", help="An answer that must not be sent automatically; may be repeated."),
    ] = None,
    split: Annotated[str, typer.Option(help="Shares to learn from, certify with and test on.")] = "0.6,0.2,0.2",
    seed: Annotated[int, typer.Option(min=0, help="Of the shuffle, where dates do not order the tickets.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Where an HTML report goes.", show_default=False)] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Where a JSON line for each test ticket goes.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try automation on past tickets: learn from the first, prove a threshold on the next, test it on the last.

    Example: `ticketflow backtest solved.csv --text question --answer macro --max-wrong 0.02 --report backtest.html`

    Needs no server, no key and no home folder, and stores nothing. Where dates are given, the future is never learned
    from. A refusal is an answer too: it says how many more tickets a proof needs (exit code 0).
    """
    from ticketflow.backtest.result import Request
    from ticketflow.backtest.running import run
    from ticketflow.backtest.splitting import Shares
    from ticketflow.embeddings import BundledEncoder
    from ticketflow.knowledge.mapping import Mapping

    request = Request(max_wrong, confidence, cost_per_ticket, Shares.parse(split), tuple(no_answer or ()), seed)
    _refuse_targets(file, report, predictions)
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
    )
    with progress(shown=not as_json) as advance:
        found = run(file, mapping, request, BundledEncoder(threads=2), advance)
        _write(found, report, predictions)
    if as_json:
        emit(found.to_json())
    else:
        _tell(found)
        for name, path in (("report", report), ("predictions", predictions)):
            if path is not None:
                output.print(Text(f"The {name}: {path}"), soft_wrap=True)
        if report is None:
            output.print("--report backtest.html writes all of it down, with the worst cases.", markup=False)
    for warning in found.reading.warnings:
        console.print(Text(f"Warning: {warning}", style="yellow"), soft_wrap=True)


def _refuse_targets(file: Path, *targets: Path | None) -> None:
    """Raise InvalidInput for a file that could not be written, before the long work."""
    taken = {file.resolve(): "the file of tickets itself"}
    for option, path in zip(("--report", "--predictions"), targets, strict=True):
        if path is None:
            continue
        there = path.resolve()
        if there in taken:
            raise InvalidInput(f"{option} {path} would overwrite {taken[there]}.", remedy="Name another file.")
        if path.is_dir():
            raise InvalidInput(f"{option} {path} is a folder.", remedy="Name a file in it.")
        if not there.parent.is_dir():
            raise InvalidInput(f"{option} {path}: there is no folder {there.parent}.", remedy="Make the folder first.")
        if not os.access(there if there.exists() else there.parent, os.W_OK):
            raise InvalidInput(f"{option} {path} may not be written.", remedy="Name a place that you may write to.")
        taken[there] = f"what {option} writes"


def _write(found: "Backtest", report: Path | None, predictions: Path | None) -> None:
    from ticketflow.backtest.report import page
    from ticketflow.clock import SystemClock

    if report is not None:
        report.write_text(page(found, SystemClock().now()), encoding="utf-8")
    if predictions is not None:
        with predictions.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in found.predictions())


def _tell(found: "Backtest") -> None:
    from ticketflow.backtest import wording

    output.print(Text(wording.headline(found), style="bold"), soft_wrap=True)
    output.print(Text(wording.proof(found)), soft_wrap=True)
    caution = wording.caution(found)
    for said in (caution, wording.next_step(found) if not found.answered else None):
        if said is not None:
            output.print(Text(said), soft_wrap=True)
    output.print()
    output.print(_rules(found))
    output.print()
    output.print(Text(wording.split_sentence(found)), soft_wrap=True)
    for note in wording.notes(found)[len(found.reading.warnings) :]:
        output.print(Text(note), soft_wrap=True)


def _rules(found: "Backtest") -> Table:
    from ticketflow.backtest.wording import asked, percent

    most = asked(found.request.max_wrong)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("rule, on the same test tickets")
    for heading in ("threshold", "answered", "wrong", f"kept to {most}"):
        table.add_column(heading, justify="right")
    threshold = found.verdict.threshold
    rows = [("TicketFlow, certified", threshold, found.coverage, found.wrong_rate)]
    rows += [(rule.title, rule.threshold, rule.coverage, rule.wrong_rate) for rule in found.baselines]
    for title, value, coverage, rate in rows:
        kept = "no replies" if rate is None else "yes" if rate <= found.request.max_wrong else "no"
        shown = "-" if value is None else f"{value:.3f}"
        table.add_row(title, shown, percent(coverage), percent(rate, 2), kept)
    return table
