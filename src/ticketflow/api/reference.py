"""The reference page at /docs, rendered from the OpenAPI document: one HTML file, no script, nothing from elsewhere."""

import base64
import hashlib
import json
import re
from html import escape
from importlib.resources import files
from typing import Any

from ticketflow.api.operations import Operation, fields_of, operations
from ticketflow.api.problems import TITLES

Json = dict[str, Any]

_STYLE = (files("ticketflow.api") / "reference.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Allows this page's own style and nothing else."""


def page(document: Json) -> str:
    """The whole page."""
    found = operations(document)
    info = document["info"]
    title, version = escape(info["title"]), escape(info["version"])
    scheme = next(iter(document["components"]["securitySchemes"].values()))
    sections = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(_operation(operation, document) for operation in members)}</section>"
        for tag, members in _by_tag(found)
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title} API</title><style>{_STYLE}</style></head>
<body><a class="skip" href="#main">To the content</a>
<nav aria-label="Operations"><p class="brand">{title} <small>{version}</small></p>
<p><a href="/openapi.json">openapi.json</a></p>{_contents(found)}</nav>
<main id="main"><h1>{title} API</h1>{_prose(info["description"])}{sections}
<section id="keys"><h2>Keys and scopes</h2>{_prose(scheme["description"])}</section>{_problems()}</main></body></html>
"""


def _by_tag(found: list[Operation]) -> list[tuple[str, list[Operation]]]:
    tags = dict.fromkeys(operation.tag for operation in found)
    return [(tag, [operation for operation in found if operation.tag == tag]) for tag in tags]


def _contents(found: list[Operation]) -> str:
    parts = [
        f"<h2>{escape(tag)}</h2><ul>{''.join(_link(operation) for operation in members)}</ul>"
        for tag, members in _by_tag(found)
    ]
    more = '<li><a href="#keys">Keys and scopes</a></li><li><a href="#problems">Errors</a></li>'
    return "".join(parts) + f"<h2>More</h2><ul>{more}</ul>"


def _link(operation: Operation) -> str:
    return f'<li><a href="#{operation.anchor}">{escape(operation.summary)}</a></li>'


def _operation(operation: Operation, document: Json) -> str:
    scope = f'<p class="scope">Scope <code>{escape(operation.scope)}</code></p>' if operation.scope else ""
    parts = [
        f'<article id="{operation.anchor}"><h3>{escape(operation.summary)}</h3>'
        f'<p class="call"><span class="method {operation.method.lower()}">{operation.method}</span> '
        f"<code>{escape(operation.path)}</code></p>{scope}{_prose(operation.description)}"
    ]
    if operation.parameters:
        parts.append("<h4>Parameters</h4>" + _table(operation.parameters))
    if operation.body is not None:
        parts.append("<h4>Body</h4>" + _table(fields_of(operation.body, document)))
    parts.append(f"<details><summary>Example</summary>{_example(operation)}</details>")
    if operation.result is not None:
        rows = _table(fields_of(operation.result, document))
        parts.append(f"<details><summary>What comes back ({operation.status})</summary>{rows}</details>")
    errors = "".join(f"<dt>{status}</dt><dd>{_inline(text)}</dd>" for status, text in operation.errors)
    parts.append(f"<details><summary>Errors</summary><dl>{errors}</dl></details></article>")
    return "".join(parts)


def _table(rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{escape(kind)}</td><td>{_inline(text)}</td></tr>"
        for name, kind, text in rows
    )
    return (
        '<div class="wide"><table><thead><tr><th scope="col">Name</th><th scope="col">Type</th>'
        f'<th scope="col">Meaning</th></tr></thead><tbody>{cells}</tbody></table></div>'
    )


def _example(operation: Operation) -> str:
    result = json.dumps(operation.result_example, indent=2, ensure_ascii=False)
    return f"<pre><code>{escape(operation.curl)}</code></pre><pre><code>{escape(result)}</code></pre>"


def _problems() -> str:
    rows = "".join(
        f'<tr id="problem-{code}"><th scope="row"><code>{code}</code></th>'
        f"<td>{status}</td><td>{escape(title)}</td></tr>"
        for code, (status, title) in TITLES.items()
    )
    return (
        '<section id="problems"><h2>Errors</h2><p>Every error carries one of these codes; they never change.</p>'
        '<div class="wide"><table><thead><tr><th scope="col">Code</th><th scope="col">Status</th>'
        f'<th scope="col">Title</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _prose(text: str) -> str:
    """Paragraphs and lists of the little Markdown that our own descriptions use."""
    made: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.strip().splitlines()
        if all(line.lstrip().startswith("- ") for line in lines):
            made.append("<ul>" + "".join(f"<li>{_inline(line.lstrip()[2:])}</li>" for line in lines) + "</ul>")
        else:
            made.append(f"<p>{_inline(' '.join(line.strip() for line in lines))}</p>")
    return "".join(made)


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
