"""The app as a Space runs it: the shipped files alone, a bare environment, what requirements.txt brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from gradio_client import Client
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.browser.server import free_port, running
from tests.test_architecture import ROOT, imports

FRONT_MATTER = dict(
    re.findall(r"^(\w+): (.+)$", (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1], re.MULTILINE)
)
ENTRY = ROOT / FRONT_MATTER["app_file"]
# What the hub's documentation of ZeroGPU lists.
ZERO_GPU_PYTHONS = {"3.10.13", "3.12.12"}
ZERO_GPU_TORCHES = {"2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.1", "2.13.0"}
# Brought by a Space with shared GPUs itself, and imported nowhere else.
GUARDED = {"spaces"}


def shipped_to(folder: Path) -> Path:
    """Return the folder with every file that git holds or would take, but for tests and documents."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith(("tests/", "docs/")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def requirements(path: Path = ROOT / "requirements.txt") -> list[Requirement]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def brought(wanted: list[Requirement]) -> set[str]:
    """Return the names of the distributions that installing these brings, by their metadata."""
    names: set[str] = set()
    waiting = [(requirement, extra) for requirement in wanted for extra in ("", *requirement.extras)]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonical(requirement.name)
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            needs = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:  # for another platform
            continue
        names.add(name)
        chosen = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
        waiting += [(need, extra) for need in chosen for extra in ("", *need.extras)]
    return names


def reached_from(entry: Path) -> dict[Path, set[str]]:
    """Return what each of the project's files that `entry` leads to imports, at its top or inside a function."""
    reached: dict[Path, set[str]] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path not in reached:
            reached[path] = set(imports(path))
            waiting += [file for name in reached[path] for file in own_files(name)]
    return reached


def own_files(dotted: str) -> list[Path]:
    """Return the project's files that importing a name runs: a module and the packages around it."""
    parts = dotted.split(".")
    if parts[0] not in {"app", "mealrec"}:
        return []
    bases = [ROOT.joinpath(*parts[:count]) for count in range(1, len(parts) + 1)]
    return [
        file
        for base in bases
        for file in (base.with_suffix(".py"), base / "__init__.py")
        if file.is_file() and file != ENTRY
    ]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_front_matter_names_what_is_installed():
    pinned = {canonical(requirement.name): str(requirement.specifier) for requirement in requirements()}
    assert FRONT_MATTER["sdk"] == "gradio" and pinned["gradio"] == f"=={FRONT_MATTER['sdk_version']}"
    assert ENTRY.is_file()


def test_a_space_with_shared_gpus_knows_the_python_and_the_torch():
    python = Version(FRONT_MATTER["python_version"].strip('"'))
    assert str(python) in ZERO_GPU_PYTHONS
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert python in SpecifierSet(pyproject["project"]["requires-python"])
    torch = next(requirement for requirement in requirements() if requirement.name == "torch")
    assert str(torch.specifier).removeprefix("==") in ZERO_GPU_TORCHES


@pytest.mark.parametrize(
    ("system", "machine", "wanted"),
    [("linux", "x86_64", True), ("win32", "AMD64", True), ("linux", "aarch64", False), ("darwin", "arm64", False)],
)
def test_decord_is_asked_for_only_where_it_has_wheels(system, machine, wanted):
    decord = next(requirement for requirement in requirements() if requirement.name == "decord")
    assert decord.marker.evaluate({"sys_platform": system, "platform_machine": machine}) == wanted


def test_the_container_installs_what_is_required_and_copies_what_is_there():
    steps = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    torch = next(requirement for requirement in requirements() if requirement.name == "torch")
    assert sum(str(torch) in step for step in steps) == 1, "the CPU build must be the pinned one"
    copied = [name for step in steps if step.startswith("COPY ") for name in step.split()[1:-1]]
    assert {"app.py", "app", "mealrec", "assets", "checkpoints"} < set(copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert all((ROOT / name).exists() and f"!{name}" in ignored for name in copied)
    assert "USER user" in steps and any("--uid 1000" in step for step in steps)


def test_what_the_app_imports_comes_with_the_requirements():
    known, have = packages_distributions(), brought(requirements())
    own = {"app", "mealrec", *sys.stdlib_module_names, *GUARDED}
    reached = reached_from(ENTRY)
    assert ROOT / "mealrec" / "features" / "text.py" in reached, "the encoders are imported inside functions"
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for path, names in reached.items()
        for module in {name.split(".")[0] for name in names} - own
        if not {canonical(name) for name in known.get(module, ())} & have
    }
    assert not missing, f"requirements.txt does not bring {sorted(missing)}"


def test_the_app_answers_as_a_space_starts_it(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("no git here that lists the shipped files")
    home = tmp_path / "home"
    home.mkdir()
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": str(port),
    }
    command = [sys.executable, FRONT_MATTER["app_file"]]
    with running(command, shipped_to(tmp_path / "app"), environment, port) as url:
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert "MealRec" in answer.read().decode()
        client = Client(url, verbose=False, download_files=str(tmp_path / "downloads"))
        ranking = client.predict(["12", "87", "45"], 3, 0, "full", api_name="/recommend")["items"]
    assert [item["rank"] for item in ranking] == [1, 2, 3]
    assert not list(home.rglob("*.py")), "the app wrote code into its home"
