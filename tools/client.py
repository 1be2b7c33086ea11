"""Writes the Python client's objects and methods from openapi.json. With --check: fails when they are out of date.

client_document reads the description into operations, client_types turns its types into annotations, client_schemas
and client_methods write the code, and ruff lays it out.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # whoever runs this file by its path alone

import client_document
import client_methods
import client_schemas

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "clients" / "python" / "src" / "ticketflow_client" / "generated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is out of date")
    check = parser.parse_args(arguments).check
    files = wanted()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is out of date; run `python tools/client.py`.")
        else:
            path.write_text(files[path], encoding="utf-8")
            print(f"{path.relative_to(ROOT)} is written.")
    return 1 if check and stale else 0


def wanted() -> dict[Path, str]:
    """Each file with what it should hold."""
    description = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    api = client_document.read(description)
    return {
        GENERATED / "schemas.py": laid_out(client_schemas.module(api)),
        GENERATED / "resources.py": laid_out(client_methods.module(api, client_methods.SYNC)),
        GENERATED / "async_resources.py": laid_out(client_methods.module(api, client_methods.ASYNC)),
    }


def laid_out(code: str) -> str:
    """The code as the repository writes code: imports that nothing uses are gone, lines have their length."""
    for step in (["check", "--select", "F401,I", "--fix", "--quiet"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", str(GENERATED / "one.py"), "-"]
        code = subprocess.run(command, input=code, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return code


if __name__ == "__main__":
    sys.exit(main())
