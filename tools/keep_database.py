"""Makes the database that a release leaves to those after it: tests/db/kept/REVISION-VERSION.sql.gz.

Run once for each release, by that release: `python tools/keep_database.py`. An earlier one is run by naming its
sources: `PYTHONPATH=EARLIER/src python tools/keep_database.py`. What the text says: `zcat`, `zdiff`.
"""

import gzip
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import kept_company
import sql_text

from ticketflow import __version__

KEPT = Path(__file__).resolve().parent.parent / "tests" / "db" / "kept"


def main() -> int:
    """Write the database."""
    with tempfile.TemporaryDirectory() as folder:
        kept_company.make(Path(folder))
        with closing(sqlite3.connect(Path(folder, "ticketflow.db"))) as database:
            (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
            statements = list(sql_text.dump(database))
    text = "".join(f"{statement};\n" for statement in statements)
    with closing(sqlite3.connect(":memory:")) as again:
        again.executescript(text)
        if list(sql_text.dump(again)) != statements:
            raise SystemExit("The text does not make the same database.")
    KEPT.mkdir(exist_ok=True)
    file = KEPT / f"{revision}-{__version__}.sql.gz"
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"tests/db/kept/{file.name} is written.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
