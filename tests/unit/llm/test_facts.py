"""Facts that no source holds are found, however they are written; those that one holds are not held against a text."""

import pytest

from ticketflow.llm.facts import links, strangers, unsourced

SOURCE = (
    "Order 4711-22 of 12.03.2026 cost €1,249.50. Call +49 30 1234567 or write to help@shop.example; the form lies at "
    "https://shop.example/returns?id=7. Your code is KX77-B2. Within 24 hours, at most 30 % off."
)


@pytest.mark.parametrize(
    "text",
    [
        "The order 4711-22 cost 1,249.50 €.",
        "The order 471122 cost €1249.50.",
        "Call +49 (30) 1234567.",
        "Write to help@shop.example.",
        "The form is at https://shop.example/returns?id=7.",
        "Use the code KX77-B2 (30 % off).",
        "It takes 24 hours, or 2 days, or 48 hours.",
        "Wants a refund, e.g. for a kettle.",
        "",
    ],
)
def test_what_a_source_holds_is_sourced(text: str) -> None:
    assert unsourced(text, [SOURCE]) == []


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("See https://evil.example/returns.", "https://evil.example/returns"),
        ("See evil.example/pay now.", "evil.example/pay"),
        ("See https://shop.example.evil.example.", "https://shop.example.evil.example"),
        ("See https://shop.example/returns?id=7&to=evil", "https://shop.example/returns?id=7&to=evil"),
        ("See [here](https://evil.example).", "https://evil.example"),
        ("See www.evil.example!", "www.evil.example"),
        ("See ｅｖｉｌ．ｅｘａｍｐｌｅ/x", "evil.example/x"),
        ("See ev\u200bil.example/x", "evil.example/x"),
        ("javascript:alert(1)", "javascript:alert(1"),
        ("Write to help@evil.example", "help@evil.example"),
        ("Write to xhelp@shop.example", "xhelp@shop.example"),
        ("It cost €99.", "€99"),
        ("It cost 1,249.51 EUR.", "1,249.51 EUR"),
        ("80 % off", "80 %"),
        ("Order 4712 is late", "4712"),
        ("Call +49 30 7654321.", "+49 30 7654321"),
        ("Your code is KX78B2.", "KX78B2"),
    ],
)
def test_what_no_source_holds_is_found(text: str, claimed: str) -> None:
    assert claimed in unsourced(text, [SOURCE])


def test_links_and_addresses_are_listed() -> None:
    assert links("Write to a@b.example or see https://c.example/d and no more.") == [
        "a@b.example",
        "https://c.example/d",
    ]


@pytest.mark.parametrize(
    ("text", "led"),
    [
        ("See https://shop.example/returns, or help.shop.example.", []),
        ("See HTTPS://SHOP.EXAMPLE:443/x or write to care@shop.example.", []),
        ("See https://evil.example/shop.example.", ["https://evil.example/shop.example"]),
        ("See https://shop.example.evil.test/.", ["https://shop.example.evil.test/"]),
        ("See https://notshop.example.", ["https://notshop.example"]),
        ("See https://shop.example@evil.test/x.", ["shop.example@evil.test", "https://"]),
        ("See https://evil.test\\@shop.example/.", ["https://evil.test\\@shop.example/"]),
        ("Write to shop.example@evil.test.", ["shop.example@evil.test"]),
        ("Run javascript:alert(1).", ["javascript:alert(1"]),
    ],
)
def test_links_that_lead_to_strangers_are_found(text: str, led: list[str]) -> None:
    assert strangers(text, ["shop.example"]) == led
