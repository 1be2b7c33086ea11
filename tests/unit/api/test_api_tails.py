"""A tail: the newest events of a workspace in memory, with the gaps that erasing leaves."""

from collections.abc import Sequence

import pytest

from ticketflow.api.live.entries import Entry
from ticketflow.api.live.tails import Tail
from ticketflow.events import Event


def entries(*seqs: int) -> list[Entry]:
    fields = {"workspace_id": "w", "type": "ticket.created", "ticket_id": "", "data": {}, "created_at": 0}
    return [Entry.of(Event.model_validate({**fields, "seq": seq})) for seq in seqs]


def after(tail: Tail, seq: int, limit: int = 100) -> list[int] | None:
    found = tail.after(seq, limit)
    return None if found is None else [entry.seq for entry in found]


def test_a_tail_gives_what_follows_a_seq_and_says_when_it_does_not_know() -> None:
    tail = Tail("w", 10)
    tail.extend(entries(11, 12, 13), 13)
    assert after(tail, 10) == [11, 12, 13]
    assert after(tail, 12) == [13]
    assert after(tail, 13) == after(tail, 99) == []
    assert after(tail, 9) is None
    assert after(tail, 10, limit=2) == [11, 12]


def test_what_is_old_is_kept_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketflow.api.live.tails.KEPT", 3)
    tail = Tail("w", 0)
    tail.extend(entries(1, 2), 2)
    tail.extend(entries(3, 4, 5), 5)
    assert (tail.floor, after(tail, 2)) == (2, [3, 4, 5])
    assert after(tail, 1) is None


def test_gaps_are_gone_over() -> None:
    tail = Tail("w", 0)
    tail.extend(entries(2, 5, 9), 12)  # 12 itself has been erased too
    assert after(tail, 0) == [2, 5, 9]
    assert after(tail, 2, limit=1) == [5]
    assert after(tail, 6) == [9]
    assert after(tail, 9) == []


def test_what_is_known_is_told_nobody_again() -> None:
    told: list[list[int]] = []

    def reader(fresh: Sequence[Entry]) -> None:
        told.append([entry.seq for entry in fresh])

    tail = Tail("w", 0)
    tail.readers.add(reader)
    tail.extend(entries(1, 2), 2)
    tail.extend(entries(1, 2, 3), 3)
    tail.extend(entries(2), 2)
    assert told == [[1, 2], [3]]
    assert (tail.seq, after(tail, 0)) == (3, [1, 2, 3])
