"""All that changes while a model trains, and the one file from which a training goes on."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from mealrec.errors import TrainingError
from mealrec.training.processes import (
    check_processes,
    gathered,
    random_states,
    restore_random_states,
)
from mealrec.writing import write_whole

STATE = "state.safetensors"
LOG = "log.jsonl"
OWN = ("sums/", "random/")  # how the names begin of what every process has of its own


@dataclass
class Record:
    """What is no tensor.

    `epoch`: finished ones; `step_in_epoch`: finished steps of the epoch under way; `train_step`:
    finished steps in all; `best` and `best_epoch`: the best validation so far.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    train_step: int = 0
    best: float = -1.0
    best_epoch: int = 0
    seconds: float = 0.0
    log: list[dict] = field(default_factory=list)


class State:
    """A model, the average of its weights, the best average so far, the optimiser, the record.

    `sums` holds the terms of the epoch under way, added up on the device; each process has its own,
    all else is alike.
    """

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer):
        self.model = model
        self.optimizer = optimizer
        self.kept = copy.deepcopy(model)
        self.best = copy.deepcopy(model.state_dict())
        self.sums: dict[str, Tensor] = {}
        self.record = Record()

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor that is alike in all processes, by a name that says its part."""
        parts = {
            "model": self.model.state_dict(),
            "kept": self.kept.state_dict(),
            "best": self.best,
        }
        # The optimiser keeps its values by the weight's number.
        for index, values in self.optimizer.state_dict()["state"].items():
            parts[f"optimizer/{index}"] = values
        named = {}
        for part, tensors in parts.items():
            for name, tensor in tensors.items():
                named[f"{part}/{name}"] = tensor
        return named

    def restore(self, named: dict[str, Tensor], record: Record) -> None:
        """Take over what `tensors` returned, and the process's own sums.

        Raises RuntimeError where it is another model's.
        """
        # Sort the tensors into their parts.
        parts: dict[str, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in named.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor

        # The weights and the sums.
        device = next(self.model.parameters()).device
        self.model.load_state_dict(parts["model"])
        self.kept.load_state_dict(parts["kept"])
        self.best = {name: tensor.to(device) for name, tensor in parts["best"].items()}
        self.sums = {name: tensor.to(device) for name, tensor in parts["sums"].items()}

        # The optimiser's values of each weight.
        values: dict[int, dict[str, Tensor]] = defaultdict(dict)
        for name, tensor in parts["optimizer"].items():
            index, key = name.split("/")
            values[int(index)][key] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": dict(values), "param_groups": groups})
        self.record = record


class Checkpoint:
    """state.safetensors in a folder, replaced whole after every epoch.

    With `every` it is replaced after that many steps too. `made_with` is what the training was
    asked to do, as JSON-able values: another one cannot go on from the file. The tensors include
    the random state of every process, so what is resumed draws what it would have drawn. The log is
    written next to it, as log.jsonl.
    """

    def __init__(self, folder: Path, made_with: dict, every: int = 0):
        self.folder = folder
        self.path = folder / STATE
        self.every = every
        self.made_with = json.loads(json.dumps(made_with))

    def save(self, state: State, accelerator) -> None:
        """Write the state; every process calls this, the main one writes."""
        # Gather what each process has of its own.
        own = {f"sums/{name}": tensor for name, tensor in state.sums.items()}
        own |= random_states(accelerator)
        named = state.tensors() | gathered(own, accelerator)
        if not accelerator.is_main_process:
            return

        # Write it, and the log.
        self.folder.mkdir(parents=True, exist_ok=True)
        header = {
            "made_with": json.dumps(self.made_with),
            "record": json.dumps(asdict(state.record)),
        }
        write_tensors(self.path, named, header)
        write_whole(self.folder / LOG, log_lines(state.record.log))

    def restore(self, state: State, accelerator) -> None:
        """Take the state over from the file, where there is one.

        Raises TrainingError where the file is damaged, or was made with other settings or other
        processes.
        """
        if not self.path.exists():
            return
        try:
            with safe_open(self.path, "pt") as file:
                header = file.metadata()
                names = file.keys()
                named = {name: file.get_tensor(name) for name in names}
        except SafetensorError as error:
            raise TrainingError(
                f"{self.path} cannot be read ({error}): delete it to begin anew"
            ) from error

        # It has to be of the same settings and the same processes.
        changed = list(differences(json.loads(header["made_with"]), self.made_with))
        if changed:
            raise TrainingError(
                f"{self.path} was made with other settings ({'; '.join(changed)}): "
                "resume with those, or delete it to begin anew"
            )
        check_processes(named, accelerator, self.path)

        # Each process takes its own, and what is alike.
        own = {}
        for name, of_all in named.items():
            if name.startswith(OWN):
                own[name] = of_all[accelerator.process_index]
        restore_random_states(own, accelerator)
        state.restore(named | own, Record(**json.loads(header["record"])))


def log_lines(log: Iterable[dict]) -> bytes:
    """Return a log as JSON lines."""
    return "".join(json.dumps(line) + "\n" for line in log).encode()


def write_tensors(
    path: Path, named: dict[str, Tensor], header: dict[str, str] | None = None
) -> None:
    """Write a safetensors file at once, see `write_whole`."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}
    # Other libraries ask whose tensors they are.
    write_whole(path, save(tensors, {"format": "pt"} | (header or {})))


def differences(old, new, path: str = "") -> Iterator[str]:
    """Yield in words what differs between two settings of JSON's types, each with its path."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield f"{path} was {old!r}, now {new!r}"
