"""`ticketflow worker --metrics-port`: figures of a process without an API, on this machine alone."""

import re
import signal
import subprocess
import urllib.request
from pathlib import Path

from e2e_harness import COMMAND


def test_a_worker_serves_its_metrics_where_it_is_told_to(tmp_path: Path) -> None:
    asked = [COMMAND, "worker", "--home", str(tmp_path), "--threads", "1", "--metrics-port", "0"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        place = re.fullmatch(r"Metrics at (http://127\.0\.0\.1:\d+/metrics)\n", line)
        assert place is not None, line
        with urllib.request.urlopen(place[1], timeout=20) as answer:
            told = answer.read().decode()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert 'ticketflow_queue_due{workflow="ticket"} 0.0' in told
    assert "ticketflow_database_up 1.0" in told
    assert "process_resident_memory_bytes" in told
