"""The progress bar of whatever takes long, on standard error."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from ticketflow.cli.context import console


@contextmanager
def progress(*, shown: bool) -> Generator[Callable[[float, str], None]]:
    """A function that takes a share of 0 to 1 and what is being done; silent where nobody looks at it."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:44}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not shown or not console.is_terminal, transient=True) as bars:
        task = bars.add_task("Starting", total=1.0)
        yield lambda share, doing: bars.update(task, completed=share, description=doing)
