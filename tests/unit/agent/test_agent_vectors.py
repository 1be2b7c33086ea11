"""A sentence vector survives its way through a step's output."""

import base64

import numpy as np
import pytest

from ticketflow.agent.vectors import pack_vector, unpack_vector


def test_a_vector_comes_back_as_float32_within_half_precision() -> None:
    vector = np.random.default_rng(0).standard_normal(384).astype(np.float32)
    vector /= np.linalg.norm(vector)
    back = unpack_vector(pack_vector(vector))
    assert back.dtype == np.float32
    assert back.shape == vector.shape
    assert np.abs(back - vector).max() < 1e-3
    assert float(back @ vector) == pytest.approx(1.0, abs=1e-3)


def test_packing_is_stable_and_little_endian() -> None:
    packed = pack_vector(np.array([1.0, -2.0], np.float32))
    assert base64.b64decode(packed) == bytes([0x00, 0x3C, 0x00, 0xC0])
    assert pack_vector(unpack_vector(packed)) == packed


def test_an_unpacked_vector_can_be_used_without_changing_the_packed() -> None:
    packed = pack_vector(np.ones(4, np.float32))
    vector = unpack_vector(packed)
    vector *= 2
    assert unpack_vector(packed).tolist() == [1.0] * 4
