"""`ticketflow search`: the same search that the agent uses, by hand."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime
from ticketflow.errors import InvalidInput


class Kind(StrEnum):
    """What can be searched."""

    CASE = "case"
    ARTICLE = "article"
    ANSWER = "answer"
    TICKET = "ticket"


def search(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words, or a whole ticket.", show_default=False)],
    home: Home = None,
    kind: Annotated[
        list[Kind] | None, typer.Option(help="Search only these; repeat for several. [default: case, article, answer]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many hits.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Search resolved cases, articles and answers by meaning and by words.

    Example: `ticketflow search "kettle leaks from the base" --kind case --limit 5`
    """
    from ticketflow.domain import ChunkKind

    wanted = [ChunkKind[name.name] for name in kind or (Kind.CASE, Kind.ARTICLE, Kind.ANSWER)]
    if not text.strip():
        raise InvalidInput("There is nothing to search for.", remedy="Give some words, or a whole ticket.")
    built = runtime(home, existing=True)
    workspace = built.workspace()
    mind = built.minds.current()
    vector = mind.encoder.encode([text])[0]
    known = mind.experience.get(workspace.id)
    with built.database.read() as session:
        hits = mind.search.find(
            session, workspace, text, vector=vector, kinds=wanted, limit=limit, weights=known.fusion
        )
    if as_json:
        for hit in hits:
            emit(
                {
                    "kind": hit.kind.word,
                    "id": hit.source_id,
                    "score": hit.score,
                    "similarity": hit.similarity,
                    "lexical": hit.lexical,
                    "label": known.label(hit.answer_id),
                    "title": hit.title,
                    "text": hit.text,
                }
            )
        return
    if not hits:
        console.print("Nothing found. `ticketflow import FILE` brings in resolved tickets.")
        return
    table = Table("score", "kind", "answer", "text", box=None, header_style="bold", pad_edge=False)
    for hit in hits:
        shown = " ".join(hit.text.split())[:100]
        table.add_row(f"{hit.score:.3f}", hit.kind.word, Text(known.label(hit.answer_id) or ""), Text(shown))
    output.print(table)
