"""The command line as a user has it: `installed` starts the real command, `command` runs it in this process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e_harness import COMMAND, Command, Ended

from ticketflow import cli


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run only where -m asks for them."""
    if not config.option.markexpr:
        for item in items:
            if item.get_closest_marker("slow") and "e2e" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason="slow; run it with -m slow"))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests reaches a command; tables are wide enough not to be cut."""
    for name in [name for name in os.environ if name.startswith("TICKETFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def command(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """`ticketflow ARGUMENTS` on the test's home folder, in this process: a start costs nothing."""
    monkeypatch.setenv("TICKETFLOW_HOME", str(home))

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ticketflow", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return Ended(int(ended.value.code or 0), told.out, told.err)

    return run


@pytest.fixture
def start(home: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the installed command on the test's home folder; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "TICKETFLOW_HOME": str(home), "HOME": str(tmp_path)},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def installed(start: Callable[..., subprocess.Popen[str]]) -> Command:
    """Run the installed command to its end."""

    def run(*arguments: object) -> Ended:
        process = start(*arguments)
        out, err = process.communicate(timeout=100)
        assert "Traceback" not in err
        return Ended(process.returncode, out, err)

    return run
