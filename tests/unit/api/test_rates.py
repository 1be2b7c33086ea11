"""How often a caller may ask: each key and each workspace has its own count, and is told what is left."""

import pytest

from ticketflow.api.principal import Principal
from ticketflow.api.rates import RateLimited, Rates


def principal(name: str, workspace: str = "acme") -> Principal:
    return Principal("key", name, name, workspace, frozenset())


def test_a_key_has_so_many_requests_and_is_told() -> None:
    rates = Rates("3/hour", "")
    left = [rates.take(principal("one"))["RateLimit"].split(";")[1] for _ in range(3)]
    assert left == ["r=2", "r=1", "r=0"]
    with pytest.raises(RateLimited, match="This key has asked more than 3 times in 3600 s") as refused:
        rates.take(principal("one"))
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 3601
    assert refused.value.headers["RateLimit-Policy"] == '"key";q=3;w=3600'
    assert rates.take(principal("two"))


def test_a_workspaces_keys_share_its_count() -> None:
    rates = Rates("100/hour", "2/hour")
    rates.take(principal("one"))
    assert rates.take(principal("two"))["RateLimit-Policy"] == '"key";q=100;w=3600, "workspace";q=2;w=3600'
    with pytest.raises(RateLimited, match="This workspace"):
        rates.take(principal("three"))
    rates.take(principal("four", "other"))


def test_without_limits_nothing_is_told() -> None:
    assert Rates("", "").take(principal("one")) == {}


def test_an_address_that_only_fails_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketflow.api.rates.FAILURES", "2/hour")
    rates = Rates("", "")
    rates.failed("192.0.2.1")
    rates.failed("192.0.2.1")
    with pytest.raises(RateLimited, match="This address"):
        rates.failed("192.0.2.1")
    rates.failed("192.0.2.2")
