"""Builds and starts the TiDB server of this folder: `run.py` keeps it up, `run.py COMMAND…` runs a command against it.

The command finds the server's URL in TICKETFLOW_TEST_DATABASE_URL; where that names a TiDB already, nothing is started.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SERVER = FOLDER / "bin" / "tidb"
VARIABLE = "TICKETFLOW_TEST_DATABASE_URL"
TOOLCHAIN = "go1.25.8"  # the newest that this TiDB builds and runs with; the go command fetches it
PORT = 4000


def main(command: list[str]) -> int:
    """Exit status of `command`; without one, of the server, which then runs until it is interrupted."""
    if command and os.environ.get(VARIABLE):
        return subprocess.run(command, check=False).returncode
    build()
    if not command:
        return keep_up()
    password = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="tidb-") as data:
        port = free_port()
        server = start(Path(data), password, port)
        try:
            return subprocess.run(command, env=os.environ | {VARIABLE: url(port, password)}, check=False).returncode
        finally:
            stop(server)


def build() -> None:
    """Compile the server unless it is newer than its sources. The first time takes ten minutes and up to 4 GB."""
    sources = [FOLDER / name for name in ("go.mod", "go.sum", "main.go")]
    if SERVER.exists() and SERVER.stat().st_mtime > max(source.stat().st_mtime for source in sources):
        return
    go = shutil.which("go")
    if go is None:
        sys.exit(f"TiDB is built with Go, which is not here. Install Go 1.21 or newer, or name a TiDB in {VARIABLE}.")
    print("Building TiDB; the first time takes about ten minutes.", flush=True)
    choices = {"GOTOOLCHAIN": TOOLCHAIN, "GOFLAGS": "-mod=mod -buildvcs=false"}
    built = subprocess.run([go, "build", "-o", str(SERVER), "."], cwd=FOLDER, env=os.environ | choices, check=False)
    if built.returncode:
        sys.exit("TiDB could not be built; the lines above say why.")


def start(data: Path, password: str, port: int) -> "subprocess.Popen[str]":
    """A server on `port` of this machine, once it accepts connections. Its data lies in `data`."""
    process = subprocess.Popen(
        [SERVER, "-port", str(port), "-data", str(data)],
        env=os.environ | {"TIDB_PASSWORD": password},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        sys.exit(f"TiDB did not start (exit status {process.wait()}).")
    return process


def stop(process: "subprocess.Popen[str]") -> None:
    """End it, by force if it does not end by itself."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def keep_up() -> int:
    """Run on the usual port with data that stays, and say how the suites find it."""
    password = os.environ.get("TIDB_PASSWORD", "secret")
    port = int(os.environ.get("TIDB_PORT", PORT))
    server = start(FOLDER / "data", password, port)
    print(f"export {VARIABLE}='{url(port, password)}'", flush=True)
    try:
        return server.wait()
    except KeyboardInterrupt:
        stop(server)
        return 0


def url(port: int, password: str) -> str:
    """Where the product's tests find it."""
    return f"mysql+pymysql://root:{password}@127.0.0.1:{port}/test"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
