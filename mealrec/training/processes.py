"""The processes that train one model together, through accelerate, and the random state of each."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread

import torch
from torch import Tensor

from mealrec.errors import TrainingError


def processes(device: torch.device | str):
    """Return accelerate's Accelerator: one process, unless a launcher started more.

    Launchers are accelerate launch and torchrun. Raises TrainingError where accelerate is missing:
    the app does not need it, training does.
    """
    try:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"training needs the package accelerate ({error}): "
            "pip install -r requirements-train.txt"
        ) from None
    say_how_many()
    # Variant, head and backbone decide which parameters a step uses.
    handler = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(cpu=torch.device(device).type == "cpu", kwargs_handlers=[handler])


@cache
def say_how_many() -> None:
    """Tell whom `accelerate launch --cpu` gave one process, as it does for any --num_processes."""
    on_cpus = os.environ.get("ACCELERATE_USE_CPU", "").lower() == "true"
    if on_cpus and "WORLD_SIZE" not in os.environ:
        print(
            "One process trains: on CPUs accelerate launch starts no more, whatever "
            "--num_processes says. For two: torchrun --nproc_per_node 2 -m mealrec train …",
            file=sys.stderr,
        )


def launched() -> int:
    """Return how many processes a launcher started; 1 without one."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main() -> bool:
    """Say whether this process is the one that writes."""
    return int(os.environ.get("RANK", 0)) == 0


def gathered(own: dict[str, Tensor], accelerator) -> dict[str, Tensor]:
    """Return what every process holds under these names [P, ...]; every process calls this."""
    found = {}
    for name, tensor in own.items():
        found[name] = accelerator.gather(tensor.to(accelerator.device)[None])
    return found


def random_states(accelerator) -> dict[str, Tensor]:
    """Return this process's random states by name."""
    states = {"random/cpu": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        states["random/cuda"] = torch.cuda.get_rng_state(accelerator.device)
    return states


def check_processes(named: dict[str, Tensor], accelerator, path: Path) -> None:
    """Raise TrainingError where tensors read from `path` are of other processes than now train."""
    before = _in_words(len(named["random/cpu"]), on_gpu="random/cuda" in named)
    now = _in_words(accelerator.num_processes, on_gpu=accelerator.device.type == "cuda")
    if before != now:
        raise TrainingError(
            f"{path} was made by {before}, now there are {now}: "
            "resume so, or delete it to begin anew"
        )


def _in_words(count: int, on_gpu: bool) -> str:
    return f"{count} process(es) on a {'GPU' if on_gpu else 'CPU'}"


def restore_random_states(own: dict[str, Tensor], accelerator) -> None:
    """Set this process's random states to what `random_states` returned."""
    # Copies: torch reads a state from where its storage begins, which is another process's.
    torch.set_rng_state(own["random/cpu"].clone())
    if "random/cuda" in own:
        torch.cuda.set_rng_state(own["random/cuda"].clone(), accelerator.device)


@contextmanager
def side_by_side(at_once: int) -> Iterator[ProcessPoolExecutor]:
    """Give so many workers; Ctrl-C ends them, where a pool would wait for minutes."""
    with ProcessPoolExecutor(at_once, get_context("spawn"), end_with_the_parent) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            for child in active_children():
                child.terminate()
            raise


def end_with_the_parent() -> None:
    """End this worker as soon as its parent is gone: a killed run must not go on while resumed."""

    # Ctrl-C reaches all: the parent ends its workers, and says it once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch_parent() -> None:
        wait([parent_process().sentinel])
        os._exit(1)

    Thread(target=watch_parent, daemon=True).start()
