"""Artefacts: plain arrays that come back bit for bit, in parts; one of a kind is in force; never a pickle."""

import io
import pickle

import numpy as np
import pytest
from sqlalchemy import func, select, update

from ticketflow.db import Database
from ticketflow.db.tables import artefact, artefact_part
from ticketflow.domain import Workspace
from ticketflow.errors import NotFound
from ticketflow.store import artefacts

ARRAYS = {
    "weights": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
    "half": np.array([1.5, -2.0], np.float16),
    "ids": np.array(["a", "ü", "日本"], np.str_),
    "big/endian": np.array([1, 2, 3], ">i8"),
    "flags": np.array([True, False]),
    "empty": np.zeros((0, 7), np.float64),
    "scalar": np.array(3.25),
    "nan": np.array([np.nan, np.inf, -0.0]),
}


def same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    return left.keys() == right.keys() and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == right[name].tobytes()
        for name in left
    )


def test_arrays_come_back_bit_for_bit() -> None:
    assert same(artefacts.unpack(artefacts.pack(ARRAYS)), ARRAYS)
    assert artefacts.unpack(artefacts.pack({})) == {}


def test_arrays_of_objects_are_refused() -> None:
    for array in (np.array([{}, None], object), np.array([(1, None)], [("a", "i4"), ("b", object)])):
        with pytest.raises(TypeError, match="plain arrays"):
            artefacts.pack({"good": np.zeros(2), "bad": array})


class Trap:
    """Loading this would run code."""

    sprung = False

    def __reduce__(self) -> object:
        return (setattr, (Trap, "sprung", True))


def test_a_pickle_inside_is_never_loaded() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, bad=np.array([Trap()], object), allow_pickle=True)
    with pytest.raises(ValueError, match="no plain arrays"):
        artefacts.unpack(buffer.getvalue())
    with pytest.raises(ValueError, match="no plain arrays"):
        artefacts.unpack(pickle.dumps([1, 2]))
    assert not Trap.sprung


@pytest.mark.parametrize(
    "spoil", [lambda packed: packed[:-30], lambda packed: b"PK" + packed[40:], lambda _packed: b""]
)
def test_damaged_bytes_are_refused(spoil: object) -> None:
    packed = artefacts.pack(ARRAYS)
    with pytest.raises(ValueError, match="damaged"):
        artefacts.unpack(spoil(packed))  # type: ignore[operator]


def test_a_flipped_byte_is_refused() -> None:
    packed = bytearray(artefacts.pack({"weights": np.random.default_rng(0).random(1_000)}))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(ValueError, match="damaged"):
        artefacts.unpack(bytes(packed))


def test_a_large_artefact_is_stored_in_parts(database: Database, workspace: Workspace) -> None:
    noise = np.random.default_rng(0).random(400_000)  # 3.2 MB that do not compress
    with database.write() as session:
        made = artefacts.put(session, workspace.id, "decision", "v1", {"noise": noise}, {"cases": 3})
        sizes = list(session.execute(select(func.length(artefact_part.c.data))).scalars())
    assert len(sizes) == -(-sum(sizes) // artefacts.PART_BYTES) > 1
    assert max(sizes) <= artefacts.PART_BYTES
    with database.read() as session:
        assert same(artefacts.load(session, workspace.id, made.id), {"noise": noise})
        found = artefacts.active(session, workspace.id, "decision")
    assert found == made
    assert made.provenance == {"cases": 3}


def test_the_last_of_a_kind_is_in_force_and_the_ones_before_stay(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        first = artefacts.put(session, workspace.id, "decision", "v1", {"a": np.array([1])}, {})
        fusion = artefacts.put(session, workspace.id, "fusion", "v1", {}, {"weights": {"x": 1.0}})
        second = artefacts.put(session, workspace.id, "decision", "v2", {"a": np.array([2])}, {})
        assert artefacts.active(session, workspace.id, "decision") == second
        assert artefacts.active(session, workspace.id, "fusion") == fusion
        assert artefacts.active(session, workspace.id, "unheard of") is None
        assert artefacts.load(session, workspace.id, first.id)["a"].tolist() == [1]
        flags = session.execute(
            select(artefact.c.version, artefact.c.active).where(artefact.c.kind == "decision").order_by(artefact.c.id)
        ).all()
    assert [tuple(row) for row in flags] == [("v1", False), ("v2", True)]


def test_another_workspaces_artefacts_are_neither_seen_nor_put_out_of_force(
    database: Database, workspace: Workspace, other: Workspace
) -> None:
    with database.write() as session:
        made = artefacts.put(session, workspace.id, "decision", "v1", {"a": np.array([1])}, {})
        assert artefacts.active(session, other.id, "decision") is None
        theirs = artefacts.put(session, other.id, "decision", "v9", {}, {})
        assert artefacts.active(session, workspace.id, "decision") == made
        assert artefacts.active(session, other.id, "decision") == theirs
        with pytest.raises(NotFound):
            artefacts.load(session, other.id, made.id)


def test_a_lost_part_is_noticed(database: Database, workspace: Workspace) -> None:
    with database.write() as session:
        made = artefacts.put(
            session, workspace.id, "decision", "v1", {"a": np.random.default_rng(0).random(200_000)}, {}
        )
        session.execute(update(artefact_part).where(artefact_part.c.ordinal == 1).values(data=b""))
        with pytest.raises(ValueError, match="damaged"):
            artefacts.load(session, workspace.id, made.id)
