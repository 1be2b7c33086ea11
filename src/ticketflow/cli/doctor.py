"""`ticketflow doctor`: whether this installation can work, and what to do where it cannot."""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.markup import escape

from ticketflow.cli.context import AsJson, Home, config, emit, output
from ticketflow.errors import TicketFlowError

if TYPE_CHECKING:
    from ticketflow.config import Config
    from ticketflow.runtime import Runtime

EXIT_UNWELL = 1


class Finding(NamedTuple):
    """One thing that was looked at. `good` is None for what is merely worth knowing."""

    name: str
    good: bool | None
    text: str


def doctor(
    home: Home = None,
    as_json: AsJson = False,
    llm: Annotated[bool, typer.Option("--llm", help="Ask each language model too; costs a few tokens.")] = False,
) -> None:
    """Check home folder, database, encoder, search and learning; exit code 1 when something is wrong.

    Example: `ticketflow doctor --json | jq '.[] | select(.good == false)'`
    """
    findings = list(examine(config(home), llm=llm))
    if as_json:
        emit([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            mark = {True: "[green]ok  [/green]", False: "[red]FAIL[/red]", None: "[dim]note[/dim]"}[finding.good]
            output.print(f"{mark}  {finding.name}: {escape(finding.text)}", soft_wrap=True)
    if any(finding.good is False for finding in findings):
        raise typer.Exit(EXIT_UNWELL)


def examine(chosen: "Config", *, llm: bool = False) -> Iterator[Finding]:
    """Look at one thing after the other; what depends on a failed one is not looked at."""
    yield Finding("python", sys.version_info >= (3, 11), sys.version.split()[0])
    home = _looked_at("home", lambda: _home(chosen))
    yield home
    if not home.good:
        return
    from ticketflow.runtime import build

    built = build(chosen)
    for name, look in (("database", _database), ("encoder", _encoder)):
        finding = _looked_at(name, lambda look=look: look(built))
        yield finding
        if not finding.good:
            return
    in_memory = [] if built.database.dialect.native_vectors else [("vectors", _vectors)]
    for name, look in (("search", _search), *in_memory, ("secret", _secret), ("secrets", _secrets)):
        yield _looked_at(name, lambda look=look: look(built))
    models = _looked_at("language models", lambda: _models(built))
    yield models if built.config.llm or not models.good else models._replace(good=None)
    if not models.good:
        return
    if llm:
        yield from _asked(built)
    yield from _knowledge(built)


def _looked_at(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except TicketFlowError as error:
        return Finding(name, False, str(error))
    except OSError as error:
        return Finding(name, False, f"{error.filename}: {error.strerror}" if error.filename else str(error))


def _home(chosen: "Config") -> str:
    from ticketflow.db.dialects import file_of

    file = file_of(chosen.url)
    for folder in {chosen.home, file.parent if file else chosen.home}:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"x")
        probe.unlink()
    return str(chosen.home.absolute())


def _there(built: "Runtime") -> bool:
    from ticketflow.runtime import revision

    return revision(built.config) is not None


def _database(built: "Runtime") -> str:
    from ticketflow.db import migrations

    if not _there(built):
        return "none yet; `ticketflow import FILE` makes it"
    migrations.check(built.database)
    where = built.database.engine.url
    place = f"{where.host}:{where.port or 4000}/{where.database}" if where.host else where.database
    return f"{built.database.dialect.name} {place} at revision {migrations.head()}"


def _search(built: "Runtime") -> str:
    if not _there(built):
        return "nothing to search yet"
    with built.database.read() as session:
        return "; ".join(built.database.dialect.search_means(session.connection))


def _encoder(built: "Runtime") -> str:
    encoder = built.likely_encoder if _there(built) else built.first_encoder
    vector = encoder.encode(["Where is my parcel?"])[0]
    return f"{encoder.id}, {len(vector)} dimensions"


def _vectors(_built: "Runtime") -> str:
    from importlib.util import find_spec

    return "simsimd" if find_spec("simsimd") else "numpy (install simsimd for searches several times as fast)"


def _secret(built: "Runtime") -> str:
    if built.config.secret_key is not None:
        return "from TICKETFLOW_SECRET_KEY"
    path = built.config.home / "secret.key"
    if not path.exists():
        return "made when the first API key is created"
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others. Run `chmod 600 {path}`.")
    return f"{path}, {len(built.secret)} characters"


def _secrets(built: "Runtime") -> str:
    from ticketflow.store.secret_files import open_to_others

    keyring = built.secrets.keyring
    if keyring.changeable and keyring.file.exists() and open_to_others(keyring.file):
        raise PermissionError(f"{keyring.file} can be read by others. Run `chmod 600 {keyring.file}`.")
    if not _there(built):
        return "nothing is encrypted yet"
    with built.database.read() as session:
        readable = built.secrets.check(session)
    if not readable:
        return "nothing is encrypted yet"
    return f"{readable:,} can be read with the keys in {keyring.place}"


def _models(built: "Runtime") -> str:
    if not built.models:
        return "none set up; tickets are decided without (TICKETFLOW_LLM names some)"
    named = ", ".join(f"{provider.name} ({provider.model})" for provider in built.models.providers)
    return f"{named}; `ticketflow doctor --llm` asks them"


def _asked(built: "Runtime") -> Iterator[Finding]:
    """A made-up ticket, read by each model by itself."""
    from ticketflow.llm import trial

    for gateway in built.models.gateways:
        if gateway.provider.key_setting is not None and not _there(built):
            missing = "its key is a setting, and there is no database yet; `ticketflow import FILE` makes one"
            yield Finding(f"language model {gateway.provider.name}", False, missing)
            continue
        told = trial.ask(gateway)
        yield Finding(f"language model {gateway.provider.name}", told.good, told.sentence)


def _knowledge(built: "Runtime") -> Iterator[Finding]:
    from ticketflow.agent.permission import standing
    from ticketflow.domain import AnswerStatus
    from ticketflow.store import answers, cases, workspaces

    if not _there(built):
        return
    slug = built.config.workspace
    with built.database.read() as session:
        workspace = workspaces.find(session, slug)
        if workspace is None:
            yield Finding("workspace", None, f"{slug!r} does not exist yet; `ticketflow import FILE` makes it")
            return
        case_count = cases.count(session, workspace.id)
        every = answers.every(session, workspace.id)
    known = built.deps.experience.get(workspace.id)
    approved = sum(answer.status is AnswerStatus.APPROVED for answer in every)
    yield Finding(
        "knowledge",
        None,
        f"{case_count:,} resolved cases, {len(every):,} answers, {approved:,} of them approved (workspace {slug!r})",
    )
    yield Finding("automation", None, standing(known))
