"""A wall clock that is as many nanoseconds ahead as the file named by SHIFTED_CLOCK says. Steady clocks stay right."""

import os
import time

_real = time.time_ns


def _shifted() -> int:
    with open(os.environ["SHIFTED_CLOCK"]) as file:
        return _real() + int(file.read())


time.time_ns = _shifted
time.time = lambda: _shifted() / 1e9
