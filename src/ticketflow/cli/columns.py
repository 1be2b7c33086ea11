"""The options that say which column of a file holds what, the same for every command that reads resolved tickets."""

from typing import Annotated

import typer


def _column(text: str) -> typer.models.OptionInfo:
    return typer.Option(metavar="COLUMN", help=text)


TextColumn = Annotated[str | None, _column("The whole text.")]
SubjectColumn = Annotated[str | None, _column("The subject, when it has its own.")]
BodyColumn = Annotated[str | None, _column("The body that goes with --subject.")]
ResolutionColumn = Annotated[str | None, _column("What was replied.")]
CategoryColumn = Annotated[str | None, _column("The category.")]
CreatedAtColumn = Annotated[str | None, _column("When: ISO 8601, or seconds since 1970.")]
PriorityColumn = Annotated[str | None, _column("low, normal, high or urgent.")]
LanguageColumn = Annotated[str | None, _column("A code such as en; else detected.")]
