"""`ticketflow doctor`: whether this installation can work, and what to do where it cannot."""

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import typer

from ticketflow.cli.context import AsJson, Home, config, emit, output
from ticketflow.errors import TicketFlowError
from ticketflow.runtime import Runtime


class Finding(NamedTuple):
    """One thing that was looked at. `good` is None for what is merely worth knowing."""

    name: str
    good: bool | None
    text: str


def doctor(home: Home = None, as_json: AsJson = False) -> None:
    """Check home folder, database, encoder, search and learning; exit code 1 when something is wrong.

    Example: `ticketflow doctor --json | jq '.[] | select(.good == false)'`
    """
    from ticketflow.runtime import build

    findings = list(examine(build(config(home))))
    if as_json:
        emit([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            mark = {True: "[green]ok  [/green]", False: "[red]FAIL[/red]", None: "[dim]note[/dim]"}[finding.good]
            output.print(f"{mark}  {finding.name}: {finding.text}", soft_wrap=True)
    if any(finding.good is False for finding in findings):
        raise typer.Exit(1)


def examine(built: Runtime) -> Iterator[Finding]:
    """Look at one thing after the other; what depends on a failed one is not looked at."""
    yield Finding("python", sys.version_info >= (3, 11), sys.version.split()[0])
    for name, look in (("home", _home), ("database", _database), ("encoder", _encoder)):
        finding = _looked_at(name, look, built)
        yield finding
        if not finding.good:
            return
    yield from (_looked_at(name, look, built) for name, look in (("vectors", _vectors), ("secret", _secret)))
    yield from _knowledge(built)


def _looked_at(name: str, look: Callable[[Runtime], str], built: Runtime) -> Finding:
    try:
        return Finding(name, True, look(built))
    except (TicketFlowError, OSError) as error:
        return Finding(name, False, str(error))


def _home(built: Runtime) -> str:
    folder = built.config.home
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"x")
    probe.unlink()
    return str(folder.absolute())


def _database(built: Runtime) -> str:
    from ticketflow.db import migrations

    if migrations.current(built.database) is None:
        return "empty; the first command that needs it makes the tables"
    migrations.check(built.database)
    return f"{built.database.dialect.name} at revision {migrations.head()}"


def _encoder(built: Runtime) -> str:
    vector = built.encoder.encode(["Where is my parcel?"])[0]
    return f"{built.encoder.id}, {len(vector)} dimensions"


def _vectors(_built: Runtime) -> str:
    from importlib.util import find_spec

    return "simsimd" if find_spec("simsimd") else "numpy (install simsimd for searches several times as fast)"


def _secret(built: Runtime) -> str:
    if built.config.secret_key is not None:
        return "from TICKETFLOW_SECRET_KEY"
    path = built.config.home / "secret.key"
    if path.exists() and path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others. Run `chmod 600 {path}`.")
    return f"{path}" if path.exists() else "made when the first API key is created"


def _knowledge(built: Runtime) -> Iterator[Finding]:
    from ticketflow.db import migrations
    from ticketflow.domain import AnswerStatus
    from ticketflow.store import answers, cases, workspaces

    if migrations.current(built.database) is None:
        return
    with built.database.read() as session:
        workspace = workspaces.find(session, built.config.workspace)
        if workspace is None:
            yield Finding(
                "workspace", None, f"{built.config.workspace!r} does not exist yet; `ticketflow import` makes it"
            )
            return
        case_count = cases.count(session, workspace.id)
        every = answers.every(session, workspace.id)
    known = built.deps.experience.get(workspace.id)
    approved = sum(answer.status is AnswerStatus.APPROVED for answer in every)
    yield Finding("knowledge", None, f"{case_count} resolved cases, {len(every)} answers, {approved} of them approved")
    threshold = known.threshold
    replies = f"automatic replies from confidence {threshold.value:.3f}" if threshold.value else threshold.reason
    yield Finding("learning", None, replies)
