"""Measure how the project is built: `python -m benchmarks.structure`, as a table.

It is that of docs/architecture.md: the files that one click runs through, how deep imports go,
circles between folders, lines and comments. The click is a real one: Chromium opens the page on the
bundled default and clicks a clip while every call of the server's threads is noted.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import threading
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from mealrec.shipped import ROOT

if TYPE_CHECKING:
    from tests.browser.visitor import Visitor

PACKAGES = ("mealrec", "app")
SETTLE_MS = 3_000  # that late charts take
RANKING_EVENT = "answer"  # the function of app/events/main.py that answers with a ranking


def main() -> None:
    """Print the measures, a row each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--no-click", action="store_true", help="leave out the click, which takes a browser"
    )
    parser.add_argument(
        "--files", action="store_true", help="name the files of the click and of the longest chain"
    )
    arguments = parser.parse_args()

    # What the files tell.
    paths = sources()
    chain = longest_chain()
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in paths)
    comments = sum(comment_lines(path) for path in paths)
    rows = [
        ("import depth, files", len(chain)),
        ("circles between folders", len(circles(folder_graph()))),
        ("circles between files", len(circles(file_graph()))),
        ("files of mealrec and app", len(paths)),
        ("lines of mealrec and app", lines),
        ("comment lines per 1,000 lines", round(1000 * comments / lines, 1)),
    ]

    # What a click tells.
    if not arguments.no_click:
        ranking, everything = files_of_a_click()
        rows[:0] = [
            ("files that a click runs through, to the ranking", len(ranking)),
            ("files that a click runs through, charts as well", len(everything)),
        ]
    print("| measure | value |\n|---|---|")
    print("\n".join(f"| {name} | {value:,} |" for name, value in rows))

    # And by name.
    if arguments.files:
        print("\nlongest chain:", *chain, sep="\n  ")
        for circle in (*circles(folder_graph()), *circles(file_graph())):
            print("circle:", *circle)
        if not arguments.no_click:
            print("\nto the ranking:", *ranking, sep="\n  ")
            print("\nfor the charts:", *sorted(set(everything) - set(ranking)), sep="\n  ")


@cache
def sources() -> tuple[Path, ...]:
    """Return the project's own modules."""
    paths = []
    for package in PACKAGES:
        paths += (ROOT / package).rglob("*.py")
    return tuple(sorted(paths))


def comment_lines(path: Path) -> int:
    """Count the lines that hold a comment."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return sum(token.type == tokenize.COMMENT for token in tokens)


def name_of(path: Path) -> str:
    """Return a module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, everywhere: bool) -> Iterator[str]:
    """Yield the project's modules that a file imports.

    Those of while it is loaded, with `everywhere` those of its functions too.
    """
    # A name that is imported from a package may be a module itself.
    known = {name_of(each) for each in sources()}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else _at_load(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in submodules if name in known)
            if node.module in known and not all(name in known for name in submodules):
                yield node.module


def _at_load(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the statements that run at load: not those of functions, or for type checkers."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        waiting.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt))


@cache
def file_graph() -> dict[str, set[str]]:
    """Return which module imports which while it is loaded."""
    graph = {}
    for path in sources():
        name = name_of(path)
        graph[name] = set(imported(path, everywhere=False)) - {name}
    return graph


@cache
def folder_graph() -> dict[str, set[str]]:
    """Return which folder imports from which, at any time."""
    folder = {name_of(path): str(path.parent.relative_to(ROOT)) for path in sources()}
    graph: dict[str, set[str]] = defaultdict(set)
    for path in sources():
        own = folder[name_of(path)]
        graph[own] |= {folder[name] for name in imported(path, everywhere=True)} - {own}
    return dict(graph)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other."""
    reached = {node: _reached(graph, node) for node in graph}
    groups = []
    for node in graph:
        group = sorted(other for other in reached[node] if node in reached.get(other, ()))
        if len(group) > 1 and group not in groups:
            groups.append(group)
    return sorted(groups)


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found = set()
    waiting = [start]
    while waiting:
        for node in graph.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found


def longest_chain() -> list[str]:
    """Return the longest chain of modules of which each imports the next."""
    graph = file_graph()

    @cache
    def below(name: str) -> tuple[str, ...]:
        return max(((name, *below(other)) for other in graph[name]), key=len, default=(name,))

    return list(max(map(below, graph), key=len))


def files_of_a_click() -> tuple[list[str], list[str]]:
    """Return the files that run after a click on a clip: until the ranking is answered, and in all.

    It is the second click of a visit, since the first one also loads the model.
    """
    from playwright.sync_api import sync_playwright

    from tests.browser.server import LAUNCH_ARGUMENTS, chromium_path, free_port
    from tests.browser.visitor import Visitor, new_context

    called: set[str] = set()
    to_the_ranking: set[str] = set()
    noting = False

    def note(frame: FrameType, event: str, _: object) -> None:
        if not noting or frame.f_code.co_name == "<module>":
            return
        if event == "call":
            called.add(frame.f_code.co_filename)
        is_answer = frame.f_code.co_name == RANKING_EVENT and "/app/" in frame.f_code.co_filename
        if event == "return" and is_answer and not to_the_ranking:
            to_the_ranking.update(called)

    # Serve the page in this process; the profiler comes before any of the server's threads.
    os.environ |= {"GRADIO_SERVER_PORT": str(free_port()), "HF_HUB_OFFLINE": "1"}
    threading.setprofile(note)
    from app import serving

    serving.demo.launch(
        server_port=int(os.environ["GRADIO_SERVER_PORT"]),
        prevent_thread_lock=True,
        quiet=True,
        **serving.launch_options(serving.served(), False),
    )
    serving.service.recommender()

    # Click twice; note what the second one runs.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=LAUNCH_ARGUMENTS)
        visitor = Visitor(new_context(browser), f"http://127.0.0.1:{serving.demo.server_port}")
        visitor.open()
        click(visitor, 0)
        noting = True
        click(visitor, 1)
        noting = False
        browser.close()
    serving.demo.close()
    return own_files(to_the_ranking), own_files(called)


def click(visitor: Visitor, place: int) -> None:
    """Pick a clip of the catalogue and wait for all that follows."""
    visitor.pick(place)
    visitor.wait_for_ranking()
    visitor.wait_for_charts()
    visitor.page.wait_for_timeout(SETTLE_MS)


def own_files(called: set[str]) -> list[str]:
    """Return the project's modules among the files."""
    own = {str(path) for path in sources()}
    return sorted(str(Path(name).relative_to(ROOT)) for name in set(called) & own)


if __name__ == "__main__":
    main()
