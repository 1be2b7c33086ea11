"""`ticketflow export` and `ticketflow restore`: a workspace as a ZIP or a folder, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticketflow.cli.automation import ACTOR
from ticketflow.cli.context import AsJson, Home, console, emit, runtime
from ticketflow.cli.progress import progress
from ticketflow.errors import InvalidInput

if TYPE_CHECKING:
    from ticketflow.runtime import Runtime

SlugOption = Annotated[
    str | None, typer.Option("--workspace", metavar="SLUG", help="Which workspace. [default: TICKETFLOW_WORKSPACE]")
]


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A ZIP to write; a name without `.zip` makes a folder.")],
    workspace: SlugOption = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the whole workspace as JSON lines: without secrets, keys and sessions. It holds customers' words.

    Example: `ticketflow export acme.zip`
    """
    from ticketflow.archive import targets, writing
    from ticketflow.store import audit

    built = runtime(home, existing=True)
    found = built.workspace(workspace)
    if file.exists():
        raise InvalidInput(f"{file} is there already.", remedy="Name another file.", field="FILE")
    packed = file.suffix == ".zip"
    draft = file.with_name(f"{file.name}.part")
    with progress(shown=not as_json) as told:
        if packed:
            with _private(draft).open("wb") as stream, built.database.read() as session:
                target = targets.Zip(stream)
                made = writing.write(session, found, target, told)
                target.close()
        else:
            with built.database.read() as session:
                made = writing.write(session, found, targets.Folder(draft), told)
    draft.rename(file)
    with built.database.write() as session:
        audit.record(session, found.id, ACTOR, "data.exported", found.id)
    _tell(as_json, {"file": str(file), "counts": made.counts}, f"Exported to {file}: {_listed(made.counts)}.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `ticketflow export` wrote.", exists=True)],
    workspace: SlugOption = None,
    learn: Annotated[bool, typer.Option(help="Learn from it here; else a worker does.")] = True,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Bring an export into an empty workspace, of this installation or another, on either database.

    Webhooks, channels and sources come switched off: their secrets are not in an export. Stopped, the same command goes
    on where it was.

    Example: `ticketflow restore acme.zip --workspace acme-copy`
    """
    from ticketflow.archive import restoring, targets

    built = runtime(home)
    found = built.workspace(workspace)
    with progress(shown=not as_json) as told, targets.origin_at(file) as origin:
        made = restoring.restore(built.database, built.encoder, found, origin, ACTOR, told)
    if made.done_before:
        _tell(as_json, {"counts": made.counts, "done_before": True}, f"{file} was restored already.")
        return
    version = _learn(built, found.id, now=learn, shown=not as_json) if made.counts["cases"] else None
    told_of = {"counts": made.counts, "done_before": False, "version": version}
    _tell(as_json, told_of, f"Restored into {found.slug!r}: {_listed(made.counts)}.")


def _learn(built: "Runtime", workspace_id: str, *, now: bool, shown: bool) -> str | None:
    from ticketflow.agent import learn

    if now:
        with progress(shown=shown) as told:
            return learn.refit(built.deps, workspace_id, told).version
    with built.database.write() as session:
        learn.queue_refit(session, workspace_id)
    return None


def _private(path: Path) -> Path:
    """The file, readable for its owner alone from the start."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    return path


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing"


def _tell(as_json: bool, value: dict[str, Any], sentence: str) -> None:
    if as_json:
        emit(value)
    else:
        console.print(sentence, soft_wrap=True, markup=False)
