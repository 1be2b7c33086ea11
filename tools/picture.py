"""Draws docs/demo.svg: the demo's table after all tickets of the sample company were decided, for the README."""

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console

from ticketflow.agent.batch import process_batch
from ticketflow.config import Config
from ticketflow.demo import company, setup, showing
from ticketflow.runtime import build

TARGET = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.S)  # rich points at fonts on another server; ours stands alone


def main() -> None:
    """Set the company up in a scratch folder, decide every ticket, and write the picture."""
    with tempfile.TemporaryDirectory() as home:
        built = build(Config(home=Path(home)))
        from ticketflow.db import migrations

        migrations.upgrade(built.database)
        workspace = built.workspace()
        setup.prepare(built.deps, workspace, built.config.home / "backtest.html", lambda share, doing: None)
        arrivals = company.arrivals()
        board = showing.Board(len(arrivals))
        built.runner.start(1)
        told = process_batch(built.deps, workspace, [arrival.ticket for arrival in arrivals])
        for arrival, made in zip(arrivals, told, strict=True):
            board.add(arrival, made)
        built.runner.stop(drain_seconds=30)
    console = Console(record=True, width=120, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    console.print("[bold]Kettle & Crane[/bold]  the sample company, every ticket decided\n")
    console.print(board.render())
    TARGET.write_text(FONT_FACE.sub("", console.export_svg(title="ticketflow demo: Kettle & Crane")), encoding="utf-8")
    print(f"{TARGET} is written: {board.tally()}")


if __name__ == "__main__":
    main()
