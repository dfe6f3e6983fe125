"""A training run on disk: seed-<s>/<system>/{model.safetensors, config.json, training.json,
log.jsonl}, and beside them normalisation.safetensors and run.json, which names the data and the
features. A system whose training is unfinished has a state.safetensors instead; one that is put
together from trained ones has no log."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from safetensors.torch import load_file

from mealrec.errors import DataFormatError
from mealrec.features.tensors import Normalisation
from mealrec.training.checkpoint import LOG, STATE, log_lines, write_tensors, write_text
from mealrec.training.forms import System, build, from_dict
from mealrec.training.recipes import Blend, Recipe
from mealrec.training.trainer import Trained

RUN = "run.json"


def sources_told(folder: Path, **sources: Path) -> dict[str, str]:
    """Return where a run's data and features lie, from its own folder: they may be moved
    together."""
    return {
        name: Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
        for name, path in sources.items()
    }


def source_of(run: Path, what: str, given: Path | None = None) -> Path:
    """Return where the `data` or the `features` that a run was trained on lie: as `given`, else as
    its run.json tells.

    Raises DataFormatError where it does not tell, or nothing lies there.
    """
    if given is not None:
        return given
    if not run.is_dir():
        raise DataFormatError(
            f"{run} is no folder: name a run that `python -m mealrec train` has written."
        )
    told = read_json(run / RUN) if (run / RUN).is_file() else {}
    words = shlex.split(told.get("command", ""))
    if what in told:
        found = Path(os.path.relpath(run.resolve() / told[what]))
    elif f"--{what}" in words[:-1]:  # a run from before it was told
        found = Path(words[words.index(f"--{what}") + 1])
    else:
        raise DataFormatError(
            f"{run} does not tell which {what} it was trained on: name the folder with --{what}."
        )
    if not found.is_dir():
        raise DataFormatError(
            f"{run} was trained on {found}, which is not there: name where it lies with --{what}."
        )
    return found


def system_folder(out: Path, recipe: Recipe | Blend) -> Path:
    """Return where a system of a run is stored."""
    return out / f"seed-{recipe.seed}" / recipe.name


def is_finished(folder: Path) -> bool:
    """Say whether a system's folder is whole."""
    return (folder / "config.json").exists()


def save_system(folder: Path, recipe: Recipe, trained: Trained) -> None:
    """Write one trained system; the configuration comes last, so a folder with it is whole. Its
    state is deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", trained.model.state_dict())
    write_text(folder / LOG, log_lines(trained.log))
    kept = trained.log[trained.epoch - 1] if trained.epoch else {}
    summary = {"epoch": trained.epoch} | {
        f"validation_{name}": kept[name] for name in kept if name.endswith("@10")
    }
    write_json(
        folder / "training.json",
        asdict(recipe.training)
        | summary
        | {"seconds": round(trained.seconds, 1), "guidance": trained.guidance},
    )
    write_json(folder / "config.json", trained.model.config.to_dict())
    (folder / STATE).unlink(missing_ok=True)


def save_blend(
    folder: Path,
    model: System,
    chosen: Mapping[str, float],
    parts: Mapping[str, dict],
    seconds: float,
) -> None:
    """Write a system that was put together, with all weights of its parts; the configuration comes
    last.

    `chosen` is what `choose` returns; `parts` tells how each part was trained. The epoch is the
    base's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", model.state_dict())
    weights = {name: chosen[name] for name in model.names}
    summary = {"seed": parts["base"]["seed"], "epoch": parts["base"]["epoch"], "weights": weights}
    summary |= {name: value for name, value in chosen.items() if name not in weights}
    summary |= {"seconds": round(seconds, 1), "parts": parts}
    write_json(folder / "training.json", summary)
    write_json(folder / "config.json", model.config.to_dict())


def load_system(folder: Path) -> System:
    """Return one trained system; raises DataFormatError where the folder is not whole, or of an
    unknown form.

    A baseline has still to `prepare` itself: what it computes from the training clicks is not
    stored.
    """
    if not is_finished(folder):
        raise DataFormatError(
            f"{folder} holds no finished training run: run `python -m mealrec train` first"
        )
    try:
        config = from_dict(json.loads((folder / "config.json").read_text()))
    except (ValueError, TypeError, KeyError) as error:
        raise DataFormatError(
            f"{folder / 'config.json'} cannot be used ({error}): train the system anew"
        ) from None
    model = build(config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return model.eval()


def save_normalisation(path: Path, normalisation: Normalisation) -> None:
    """Write the statistics that the features were normalised with."""
    write_tensors(path, dict(vars(normalisation)))


def load_normalisation(path: Path) -> Normalisation:
    """Read the statistics that the features were normalised with."""
    return Normalisation(**load_file(path))


def read_json(path: Path) -> dict:
    """Read a file of a system's folder; raises DataFormatError where it is not there or no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{path} cannot be read ({error}): train the system anew") from None


def write_json(path: Path, content: dict) -> None:
    """Write readable JSON, at once."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
