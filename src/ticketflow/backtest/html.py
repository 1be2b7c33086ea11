"""The few pieces of HTML that the report is made of. Every cell is escaped unless it is `Markup`."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

SHOWN = 240
"""Characters of a ticket's text that a report shows."""


class Markup(str):
    """HTML that is safe already."""

    __slots__ = ()


Cell = str | Markup


@dataclass(frozen=True)
class Column:
    """A column's heading, and whether it holds numbers."""

    heading: str
    number: bool = False
    style: str = ""


def safe(cell: Cell) -> str:
    """The cell as HTML."""
    return cell if isinstance(cell, Markup) else escape(cell)


def shortened(text: str, most: int = SHOWN) -> str:
    """One line of at most so many characters, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    head = line[:most]
    return (head.rpartition(" ")[0] if " " in head[most // 2 :] else head) + " …"


def breakable(name: str) -> Markup:
    """A name such as `card_not_working` that may go on in the next line after each of its parts."""
    return Markup(re.sub(r"(?<=[_./-])(?=\w)", "<wbr>", escape(name)))


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], marked: Sequence[int] = ()
) -> Markup:
    """A table whose first column names each row; rows in `marked` stand out."""
    head = "".join(f'<th scope="col"{_class(column)}>{escape(column.heading)}</th>' for column in columns)
    body: list[str] = []
    for place, row in enumerate(rows):
        first, *others = zip(columns, row, strict=True)
        cells = f'<th scope="row"{_class(first[0])}>{safe(first[1])}</th>'
        cells += "".join(f"<td{_class(column)}>{safe(cell)}</td>" for column, cell in others)
        body.append(f"<tr{' class=ours' if place in marked else ''}>{cells}</tr>")
    return Markup(
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def facts(caption: str, rows: Iterable[tuple[str, Cell]]) -> Markup:
    """Names and values."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{safe(value)}</td></tr>' for name, value in rows)
    return Markup(f'<table class="facts"><caption>{escape(caption)}</caption><tbody>{body}</tbody></table>')


def section(anchor: str, title: str, *content: str) -> Markup:
    """A part of the report with its heading."""
    return Markup(
        f'<section id="{anchor}" aria-labelledby="{anchor}-title"><h2 id="{anchor}-title">{escape(title)}</h2>'
        f"{''.join(content)}</section>"
    )


def paragraph(text: str, style: str = "") -> Markup:
    """Words."""
    return Markup(f"<p{f' class={style}' if style else ''}>{escape(text)}</p>")


def folded(summary: str, content: str) -> Markup:
    """What only some readers want; print shows it all the same."""
    return Markup(f"<details><summary>{escape(summary)}</summary>{content}</details>")


def bar(share: float) -> Markup:
    """A small bar of 0 to 1; the number beside it says the same."""
    return Markup(
        f'<span class="bar" aria-hidden="true"><i style="width:{100 * min(max(share, 0), 1):.1f}%"></i></span>'
    )


def joined(*parts: Cell) -> Markup:
    """Cells side by side."""
    return Markup("".join(safe(part) for part in parts))


def _class(column: Column) -> str:
    names = " ".join(name for name in ("n" if column.number else "", column.style) if name)
    return f' class="{names}"' if names else ""
