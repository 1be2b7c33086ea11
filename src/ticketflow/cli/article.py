"""`ticketflow article`: articles that a language model proposes and a person publishes."""

from typing import Annotated

import typer

from ticketflow.cli.context import AsJson, Home, emit, output, runtime, say

app = typer.Typer(
    no_args_is_help=True,
    help="Have articles for the knowledge base proposed.",
    epilog="Example: `ticketflow article propose reset_password`",
)


@app.callback()
def group() -> None:
    """Keep `propose` a command of its own while it is the only one."""


@app.command()
def propose(
    label: Annotated[str, typer.Argument(metavar="ANSWER", help="The label of the answer to write about.")],
    save: Annotated[
        bool, typer.Option("--save", help="Store it as a draft, which nothing cites before it is published.")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Have a language model write an article from an answer and people's replies with it, each sentence with a source.

    Example: `ticketflow article propose reset_password > reset_password.md`
    """
    from ticketflow.agent import proposing
    from ticketflow.knowledge import publishing

    built = runtime(home, existing=True)
    workspace = built.workspace()
    proposal = proposing.propose(built.deps, workspace.id, label)
    stored = None
    if save:
        stored = publishing.save_article(
            built.database, built.encoder, workspace.id, proposal.as_draft(), f"proposed from answer {label}"[:190]
        )
    if as_json:
        emit({**proposal.model_dump(mode="json"), "body": proposal.body, "article": stored.id if stored else None})
        return
    output.print(f"# {proposal.title}\n\n{proposal.body}", markup=False, soft_wrap=True)
    for doubt in proposal.doubts:
        say(doubt)
    cited = sorted({source for sentence in proposal.sentences for source in sentence.sources})
    say(f"{len(proposal.sentences)} sentences from {len(cited)} sources: {', '.join(cited)}.")
    if stored:
        say(f"Stored as draft {stored.id}; PUT /v1/articles/{stored.id} with status published publishes it.")
