"""Paths into a JSON document: what they find, and what is none."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketflow.errors import InvalidInput
from ticketflow.integrations import paths

DOCUMENT: dict[str, Any] = {"a": {"b": [{"c": 1}, {"c": 2}], "odd key": "x", "it's": "y", "zero": 0, "none": None}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", DOCUMENT),
        ("$.a.b[0].c", 1),
        ("$.a.b[-1].c", 2),
        ("$.a['odd key']", "x"),
        (r"$.a['it\'s']", "y"),
        ("$['a']['zero']", 0),
        ("$.a.none", None),
        ("$.a.none.deeper", None),
        ("$.a.b[2]", None),
        ("$.a.b.c", None),
        ("$.a[0]", None),
        ("$.nothing.here", None),
    ],
)
def test_a_path_finds_one_place(path: str, found: Any) -> None:
    assert paths.look_up(paths.parse(path), DOCUMENT) == found


@pytest.mark.parametrize(
    "path", ["", "a", "$a", "$.", "$..a", "$.a[", "$.a[*]", "$.a[01]", '$["a"]', "$.a b", "$[?x]", "$.a[1:2]", "$.1"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        paths.parse(path)


def test_a_path_has_bounds() -> None:
    with pytest.raises(InvalidInput):
        paths.parse("$" + ".a" * (paths.MAX_STEPS + 1))
    with pytest.raises(InvalidInput):
        paths.parse("$." + "a" * paths.MAX_CHARACTERS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(), JSON)
def test_nothing_but_a_refusal_comes_of_any_text(text: str, document: Any) -> None:
    try:
        path = paths.parse("$" + text)
    except InvalidInput:
        return
    paths.look_up(path, document)


@given(st.lists(st.text(max_size=20), max_size=5))
def test_any_name_can_be_written(names: list[str]) -> None:
    quoted = "".join("['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']" for name in names)
    assert paths.parse(f"${quoted}").steps == tuple(names)


@given(st.text("$.[]'\\ab0-12*", max_size=12))
def test_the_description_takes_the_paths_that_are_taken(text: str) -> None:
    try:
        paths.parse(text)
    except InvalidInput:
        assert not re.fullmatch(paths.PATTERN, text)
    else:
        assert re.fullmatch(paths.PATTERN, text)
