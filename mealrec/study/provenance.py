"""Where a number comes from: the command, the day, the machine, the data, the code."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import torch

# The rest that `prepare` tells may quote rows, and the data are not ours.
ABOUT_DATA = ("dataset", "slice", "recipe", "statistics")
PACKAGE = Path(__file__).resolve().parents[1]
DECIDES_WEIGHTS = (
    "backbones",
    "baselines",
    "diffusion",
    "models",
    "training",
    "data",
    "features/tensors.py",
    "features/titles.py",
    "ranking",
    "layers.py",
)


def provenance(about: dict, seeds: Sequence[int], jobs: int, device: str) -> dict:
    """Return what every results file begins with; `about` is what about_world returns."""
    return {
        "command": command_line(),
        "date": date.today().isoformat(),
        "hardware": hardware(jobs, device),
        "data": {key: about[key] for key in ABOUT_DATA if key in about},
        "features": about["features"],
        "seeds": list(seeds),
        "code": CODE,
    }


def command_line() -> str:
    """Return the command as it was typed, absolute paths from the folder it was typed in."""
    return shlex.join(["python", "-m", "mealrec", *map(from_here, sys.argv[1:])])


def from_here(word: str) -> str:
    """Return a word of a command; a path (`PATH`, `--option=PATH`) from the working folder."""
    start = word.rfind("=") + 1 if word.startswith("--") else 0
    path = word[start:]
    return word[:start] + os.path.relpath(path) if os.path.isabs(path) else word


def hardware(jobs: int, device: str) -> dict:
    """Return the machine in words that a reader can compare with another's."""
    found = {"cpu": cpu_model(), "cores": os.cpu_count(), "torch": torch.__version__}
    if device.startswith("cuda"):
        return found | {"gpu": torch.cuda.get_device_name(), "processes": jobs}
    return found | {"processes": jobs, "threads_each": 1}


def cpu_model() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def code_digest() -> str:
    """Return a short checksum of the code on disk that decides what a training comes to."""
    digest = hashlib.sha256()
    for part in DECIDES_WEIGHTS:
        path = PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


CODE = code_digest()  # of what this process runs, even where a file is edited meanwhile


def heading(title: str, made: dict) -> str:
    """Return the Markdown that every results file begins with."""
    # The machine.
    machine = made["hardware"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {_processes(machine)}"
    if "gpu" in machine:
        where = f"{machine['gpu']}, {machine['cpu']}"

    # The data, with their size where it is known.
    data = made["data"]
    told = f"{data['dataset']}, slice {data['slice']}: {data['recipe']}"
    counts = data.get("statistics", {})
    sizes = [key for key in ("users", "items", "interactions") if key in counts]
    if sizes:
        told += "; " + ", ".join(f"{counts[key]:,} {key}" for key in sizes)

    seeds = ", ".join(str(seed) for seed in made["seeds"]) or "none, nothing is trained"
    lines = [
        f"# {title}",
        "",
        f"    {made['command']}",
        "",
        f"- {made['date']}, {where}, torch {machine['torch']}",
        f"- data: {told}",
        f"- features: {made['features']}",
        f"- seeds: {seeds}",
    ]
    return "\n".join(lines) + "\n\n"


def _processes(machine: dict) -> str:
    plural = "" if machine["processes"] == 1 else "es"
    return f"{machine['processes']} process{plural} of one thread"
