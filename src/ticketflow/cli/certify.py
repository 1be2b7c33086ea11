"""`ticketflow certify`: look at the graded tickets and say what they prove."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ticketflow.cli.automation import ACTOR, check_category
from ticketflow.cli.context import AsJson, Home, console, emit, output, runtime

if TYPE_CHECKING:
    from ticketflow.api.schemas.certificates import CertificateOut
    from ticketflow.runtime import Runtime


def certify(
    segment: Annotated[
        str | None,
        typer.Option(metavar="CATEGORY", help="Only this category, which has a share of its own. [default: all]"),
    ] = None,
    max_wrong: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.5, help="First set the accepted wrong share, with --segment the category's own."),
    ] = None,
    certainty: Annotated[
        float | None, typer.Option(min=0.5, max=0.999, help="First set how sure a certificate must be.")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Try for a certificate: the threshold from which at most the accepted share of automatic replies is wrong.

    Example: `ticketflow certify --max-wrong 0.02 --certainty 0.95`

    A refusal is an answer as well and says what is missing: the exit code is 0 then, too, and `threshold` is null with
    --json. It is 1 before anything was learned.

    Each look costs a part of the certainty: looking often at the same tickets proves less, not more.
    """
    from ticketflow.api.proofs import prove_now
    from ticketflow.api.schemas.certificates import CertificateOut

    built = runtime(home, existing=True)
    workspace = built.workspace()
    _set(built, workspace.id, segment, max_wrong, certainty)
    verdicts = [CertificateOut.of(one) for one in prove_now(built, workspace.id, segment)]
    if as_json:
        for one in verdicts:
            emit(one.model_dump(mode="json"))
        return
    for number, one in enumerate(verdicts):
        if number:
            output.print()
        _show(one)


def _set(
    built: "Runtime", workspace_id: str, segment: str | None, max_wrong: float | None, certainty: float | None
) -> None:
    from ticketflow.agent.changing import change_settings
    from ticketflow.api.proofs import check_segment
    from ticketflow.store import settings

    changes: dict[str, Any] = {} if certainty is None else {"certainty": certainty}
    with built.database.read() as session:
        rules = settings.get(session, workspace_id)
    if max_wrong is None:
        check_segment(rules, segment)
    elif segment is None:
        changes["max_wrong"] = max_wrong
    else:
        check_category(built, workspace_id, segment)
        changes["category_max_wrong"] = {**rules.category_max_wrong, segment: max_wrong}
    if not changes:
        return
    with built.database.write() as session:
        # The look follows at once, in this process: a second one by a worker would cost certainty for nothing.
        change_settings(session, workspace_id, changes, ACTOR, look=False)
    console.print(Text("Set: " + ", ".join(f"{name} {value}" for name, value in changes.items()) + "."))


def _show(one: "CertificateOut") -> None:
    heading = f"category {one.segment!r}" if one.segment else "all other categories"
    verdict = "not proven" if one.threshold is None else f"certified from confidence {one.threshold:.3f}"
    output.print(Text(f"{heading}: {verdict}", style="bold"))
    output.print(Text(one.statement), soft_wrap=True)
