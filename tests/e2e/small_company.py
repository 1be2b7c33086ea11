"""A few dozen resolved tickets that differ enough for the real encoder to tell them apart."""

import json
from pathlib import Path

THINGS = ("kettle", "grinder", "scale", "filter", "mug", "beans", "pot", "thermometer", "lid")
ASKED = {
    "refund": "I sent the {thing} back and am still waiting for my money. When is it refunded?",
    "password": "I forgot the password of my account and cannot sign in to see the {thing} I ordered.",
    "parcel": "Where is my parcel with the {thing}? The tracking has not moved for days.",
    "invoice": "Please send me the invoice of the {thing} for my bookkeeping, with our VAT number on it.",
    "broken": "The {thing} arrived broken in pieces, the box was crushed. Can you send a new one?",
}


def write_history(path: Path) -> int:
    """Resolved tickets as JSON lines; how many."""
    rows = [
        {"id": f"H-{label}-{thing}", "text": text.format(thing=thing), "label": label, "reply": f"About {label}: done."}
        for thing in THINGS
        for label, text in ASKED.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return len(rows)


def write_new(path: Path) -> list[str]:
    """New tickets as CSV, the last of which nothing known fits; their ids."""
    rows = [
        ("N1", "Still no refund for the teapot that I returned three weeks ago!"),
        ("N2", "cant log in, forgot my password"),
        ("N3", "my parcel is stuck, tracking says the same since monday"),
        ("N4", "Do you sponsor rowing clubs in Norway?"),
    ]
    path.write_text("number,question\n" + "".join(f'{number},"{text}"\n' for number, text in rows), "utf-8")
    return [number for number, _ in rows]
