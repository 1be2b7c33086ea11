"""Requests take turns: who finds no place in time is told to come back, and every place is given back."""

import asyncio

import pytest

from ticketflow.api.turns import Turns
from ticketflow.errors import NotReady


async def hold(turns: Turns, until: asyncio.Event, began: list[int]) -> None:
    async with turns.taken():
        began.append(len(began))
        await until.wait()


def test_who_waits_too_long_is_told_to_come_back() -> None:
    async def scene() -> None:
        turns, done, began = Turns(places=2, patience_seconds=0.05), asyncio.Event(), []
        held = [asyncio.create_task(hold(turns, done, began)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(NotReady, match=r"no place came free in 0\.05 s") as refused:
            await hold(turns, done, began)
        assert refused.value.remedy
        assert began == [0, 1]
        done.set()
        await asyncio.gather(*held)
        await hold(turns, done, began)
        assert began == [0, 1, 2]

    asyncio.run(scene())


def test_a_place_that_comes_free_in_time_is_taken() -> None:
    async def scene() -> None:
        turns, done, began = Turns(places=1, patience_seconds=10), asyncio.Event(), []
        tasks = [asyncio.create_task(hold(turns, done, began)) for _ in range(5)]
        await asyncio.sleep(0)
        done.set()
        await asyncio.gather(*tasks)
        assert len(began) == 5

    asyncio.run(scene())


def test_a_request_that_fails_gives_its_place_back() -> None:
    async def scene() -> None:
        turns = Turns(places=1, patience_seconds=0.05)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with turns.taken():
                    _ = 1 / 0

    asyncio.run(scene())
