"""What the documents name exists: files, functions, verbs, options."""

from __future__ import annotations

import ast
import re
import shlex
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path

import pytest

from mealrec.__main__ import VERBS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPER = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
EQUATIONS = [line.strip("| ").split(" | ") for line in PAPER.splitlines() if re.match(r"\| \d+ \|", line)]
COMMAND = re.compile(r"^python -m mealrec (.+?)(?:\s+#.*)?$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
SOURCE_PATH = re.compile(r"`((?:mealrec|app|assets|benchmarks|checkpoints|tests)/[\w./-]*)`")
NAMED_TEST = re.compile(r"`(test_\w+)`")

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def names_of(path: Path) -> set[str]:
    """Return every function, class, argument, attribute and field name in a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for field in ("name", "attr", "arg"):
            found.add(getattr(node, field, None))
    return found - {None}


def anchors_of(path: Path) -> set[str]:
    """Return what a link may put after #, as GitHub makes it of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def test_all_sixteen_equations_have_a_row():
    assert [int(row[0]) for row in EQUATIONS] == list(range(1, 17))


@pytest.mark.parametrize("row", EQUATIONS, ids=lambda row: f"Eq. {row[0]}")
def test_an_equations_function_stands_in_its_file(row):
    # A bare file name stands in the folder of the path before it.
    folder = Path()
    known = set()
    for name in re.findall(r"`([^`]+)`", row[-1]):
        folder = (ROOT / name).parent if "/" in name else folder
        path = folder / Path(name).name if not name.endswith("/") else ROOT / name
        assert path.exists(), f"Eq. {row[0]}: {path} is not there"
        for file in path.glob("*.py") if path.is_dir() else [path]:
            known |= names_of(file)

    for named in re.findall(r"`([A-Za-z_.]+)`", row[2]):
        assert set(named.split(".")) <= known, f"Eq. {row[0]}: {named} is not in {row[-1]}"


@each_document
def test_local_links_lead_somewhere(document):
    for link, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        target = document.parent / link if link else document
        assert target.exists(), f"{document.name} links to {link}"
        if anchor:
            assert anchor in anchors_of(target), f"{document.name} links to {link}#{anchor}"


@each_document
def test_named_source_files_exist(document):
    named = SOURCE_PATH.findall(document.read_text(encoding="utf-8"))
    missing = [path for path in named if not (ROOT / path).exists()]
    assert not missing, f"{document.name} names {missing}"


@each_document
def test_named_tests_exist(document):
    named = NAMED_TEST.findall(document.read_text(encoding="utf-8"))
    if not named:
        return
    tests = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/test_*.py"))
    missing = [name for name in named if f"def {name}(" not in tests]
    assert not missing, f"{document.name} names {missing}"


def test_the_tree_of_the_readme_is_the_tree_on_disk():
    tree = README.split("## The tree")[1].split("```")[1]
    folder = ROOT
    for line in tree.strip().splitlines():
        names = re.match(r"\s*((?:[\w./]+, )*[\w./]+)", line).group(1).split(", ")
        if not line.startswith(" "):
            folder = ROOT / names[0] if names[0].endswith("/") else ROOT
        base = folder if line.startswith(" ") else ROOT
        missing = [name for name in names if not (base / name).exists()]
        assert not missing, f"README's tree names {missing}, not in {base}"


@pytest.mark.parametrize(
    ("document", "command"),
    [(path.name, found) for path in DOCUMENTS for found in COMMAND.findall(path.read_text(encoding="utf-8"))],
)
def test_a_documented_command_is_accepted(document, command):
    verb, *arguments = shlex.split(command)
    parser = ArgumentParser(verb, exit_on_error=False)
    import_module(VERBS[verb][0]).add_arguments(parser)
    parser.parse_args(arguments)
