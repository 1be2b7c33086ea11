"""The HTML report: one file that fetches nothing, escapes what customers wrote, and says what the figures say."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from past_tickets import backtested, rows

from ticketflow.backtest.html import breakable, shortened
from ticketflow.backtest.report import page
from ticketflow.backtest.result import Backtest

NOW = 1_763_800_000_000_000
VOID = {"meta", "br", "wbr", "line", "circle", "rect", "path"}


class Balanced(HTMLParser):
    """Fails on a tag that is not closed, and gathers names, ids and resources."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.ids: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("src", "href") and not str(value).startswith("#"):
                self.fetched.append(str(value))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def parsed(html: str) -> Balanced:
    found = Balanced()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


@pytest.fixture(params=["certified", "refused"])
def html(request: pytest.FixtureRequest) -> str:
    return page(request.getfixturevalue(request.param), NOW)


def test_the_page_is_whole_and_needs_nothing_else(html: str) -> None:
    found = parsed(html)
    assert found.fetched == []
    assert not found.names & {"script", "link", "img", "iframe", "object"}
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html.replace("url(#coverage-area)", "")
    assert "@import" not in html
    assert len(found.ids) == len(set(found.ids))


def test_every_drawing_and_table_says_what_it_shows(html: str) -> None:
    drawings = re.findall(r'<svg viewBox="[^"]+" role="img".*?</svg>', html, re.DOTALL)
    assert len(drawings) == 2
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        named = root.attrib["aria-labelledby"].split()
        assert [child.attrib["id"] for child in root[:2]] == named
        assert all(child.text for child in root[:2])
    assert html.count("<table") == html.count("<caption>")
    assert 'scope="col"' in html
    assert 'scope="row"' in html
    assert '<html lang="en">' in html


def test_links_lead_to_parts_that_are_there(html: str) -> None:
    ids = parsed(html).ids
    targets = re.findall(r'href="#([^"]+)"', html)
    assert len(targets) == 9
    assert set(targets) <= set(ids)


def test_the_headline_tells_share_wrong_share_and_what_was_allowed(certified: Backtest) -> None:
    heading = re.search(r"<h1>(.*?)</h1>", page(certified, NOW))
    assert heading is not None
    text = re.sub(r"<[^>]+>", "", heading[1])
    assert f"Of {len(certified.tickets)} tickets the agent had never seen" in text
    assert f"{100 * certified.coverage:.1f}\u00a0% by itself" in text
    assert f"{100 * (certified.wrong_rate or 0):.1f}\u00a0% of those replies were wrong; you allowed 5\u00a0%" in text


def test_a_refused_page_says_what_is_missing_and_what_could_have_been(refused: Backtest) -> None:
    html = page(refused, NOW)
    assert "Not certified: more tickets needed" in html
    assert refused.verdict.reason in html
    assert "In hindsight" in html
    assert "would have gone to a human" in html


def test_what_customers_and_files_say_is_escaped(tmp_path: Path) -> None:
    given = rows(60, answers=3, mixed=0.5)
    for row in given:
        row["question"] = f"<<script>alert({row['number']!r})</script> & {row['question']}"
        row["macro"] = f"<b>{row['macro']}</b>"
        row["area"] = '"><img src=x onerror=alert(1)>'
    found = backtested(tmp_path / "<i>past&.csv", given, no_answer=("<u>never</u>",))
    html = page(found, NOW)
    parsed(html)
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>answer" not in html
    assert "&lt;b&gt;answer" in html
    assert "<u>never" not in html
    assert "<i>past" not in html


def test_long_texts_are_cut_at_a_word() -> None:
    assert shortened("word " * 100, 20) == "word word word word …"
    assert shortened("x" * 100, 20) == "x" * 20 + " …"
    assert shortened("a\n b") == "a b"


def test_names_may_go_on_in_the_next_line_after_each_part() -> None:
    assert breakable("card_not_working <x>") == "card_<wbr>not_<wbr>working &lt;x&gt;"
