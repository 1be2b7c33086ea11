"""The pages hold together: links resolve, the map names what exists, words are used as the glossary defines them."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "ticketflow"
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SLUG = re.compile(r"[^\w\- ]")

GENERATED = {"docs/reference/api.md"}  # its words are those of the schemas
FORBIDDEN_WORDS = ("model", "tenant", "retraining", "job", "template")
"""Words for which the glossary has others; "language model" is a term of the field and has no other."""

FORBIDDEN_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|core|models?)($|_)")


def pages() -> list[Path]:
    """Every Markdown page of the repository, the untracked ones that will be committed included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else []
    found = [ROOT / name for name in names] or [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return [path for path in found if path.exists()]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from the words."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.M)
    return {SLUG.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(text: str) -> str:
    """A page's prose: code blocks, code words and link targets taken out."""
    return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.S)


def test_every_relative_link_leads_somewhere() -> None:
    broken: list[str] = []
    for page in pages():
        for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            if not there.exists() or (anchor and anchor not in anchors(there)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_map_of_the_architecture_names_what_exists_and_all_of_it() -> None:
    block = re.search(r"```\n(cli/.*?)```", (ROOT / "docs" / "architecture.md").read_text("utf-8"), re.S)
    assert block is not None
    left = [line.split("  ")[0] for line in block[1].splitlines()]
    named = {name.strip() for entry in left for name in entry.split("|")}
    there = {f"{path.name}/" for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
    there |= {path.name for path in SOURCE.glob("*.py") if not path.name.startswith("__")}
    assert named == there


def test_the_files_that_the_pages_name_exist() -> None:
    missing: list[str] = []
    for page in pages():
        for name in re.findall(
            r"`((?:src|tests|tools|bench|docs)/[\w./*-]+|[a-z]+/[\w/]+\.py)[:`]", page.read_text("utf-8")
        ):
            where = ROOT if name.split("/")[0] in {"src", "tests", "tools", "bench", "docs"} else SOURCE
            if not any(where.glob(name.rstrip("/"))):
                missing.append(f"{page.relative_to(ROOT)}: {name}")
    assert missing == []


@pytest.mark.parametrize("word", FORBIDDEN_WORDS)
def test_the_pages_use_the_words_of_the_glossary(word: str) -> None:
    used: list[str] = []
    for page in pages():
        name = str(page.relative_to(ROOT))
        if name in GENERATED or name == "docs/glossary.md":
            continue
        prose = re.sub(r"\blanguage\s+models?\b", "", without_code(page.read_text("utf-8")), flags=re.I)
        used += [f"{name}: {found[0]}" for found in re.finditer(rf".*\b{word}s?\b.*", prose, re.I)]
    assert used == []


def test_no_module_bears_a_name_that_says_nothing() -> None:
    assert [str(path.relative_to(ROOT)) for path in SOURCE.rglob("*.py") if FORBIDDEN_NAMES.search(path.stem)] == []


def test_each_word_of_the_glossary_is_defined_once() -> None:
    lines = (ROOT / "docs" / "glossary.md").read_text("utf-8").splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| ") and "---" not in line][1:]
    words = [word.strip() for cell in cells for word in cell.split(",")]
    assert len(words) > 30
    assert sorted(words) == sorted(set(words))
