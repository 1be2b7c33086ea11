"""How a sentence vector is written into a step's output."""

import base64

import numpy as np
from numpy.typing import NDArray

from ticketflow.domain import Intake


def pack_vector(vector: NDArray[np.float32]) -> str:
    """A sentence vector as base64 of little-endian float16."""
    return base64.b64encode(vector.astype("<f2").tobytes()).decode()


def unpack_vector(packed: str) -> NDArray[np.float32]:
    """The sentence vector that `pack_vector` packed."""
    return np.frombuffer(base64.b64decode(packed), "<f2").astype(np.float32)


def ticket_vector(intake: Intake) -> NDArray[np.float32] | None:
    """The ticket's sentence vector; None where the encoder gave no answer."""
    return unpack_vector(intake.vector) if intake.encoder else None
