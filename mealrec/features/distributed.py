"""The same extraction over many machines, on Ray Data (an extra: requirements-scale.txt)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mealrec.errors import DataFormatError
from mealrec.features.items import Batch, ExtractConfig, ItemEncoder

MAX_BLOCKS = 1024  # each is a task that Ray keeps account of
PATIENCE_S = 5  # that Ray's processes get to end by themselves
LOCAL = "local"


@dataclass(frozen=True)
class RayConfig:
    """Where to encode: `address` of a cluster, or "local"; `workers` actors, None: what fits."""

    address: str
    workers: int | None = None


def encoded_on_ray(
    data: Path | None, config: ExtractConfig, cluster: RayConfig, batches: Sequence[Batch]
) -> Iterator[Batch]:
    """Yield encoded batches in the order of their rows, as a Ray cluster makes them.

    Every machine must see the project, `data` and the encoders at the same paths. Raises
    DataFormatError where Ray is not installed or the cluster has no room.
    """
    if not batches:
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent anywhere
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise DataFormatError(
            "--ray needs Ray Data: pip install -r requirements-scale.txt"
        ) from error

    # One record an item.
    rows = []
    for batch in batches:
        for values in zip(*batch.values(), strict=True):
            rows.append(dict(zip(batch, values, strict=True)))
    size = len(batches[0]["row"])

    # Ray's own reports and bars would stand between ours.
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    with _connected(ray, config, cluster):
        context = ray.data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False

        # Each actor loads the encoders once, and keeps them for all its batches.
        items = ray.data.from_items(rows, override_num_blocks=min(len(batches), MAX_BLOCKS))
        encoded = items.map_batches(
            ItemEncoder,
            fn_constructor_args=(data and data.resolve(), _with_absolute_paths(config)),
            batch_size=size,
            compute=ray.data.ActorPoolStrategy(size=_actors(ray, config, cluster)),
            num_cpus=config.jobs,
            num_gpus=int(_uses_gpu(ray, config)),
        )
        yield from encoded.iter_batches(batch_size=size, batch_format="numpy")


@contextmanager
def _connected(ray, config: ExtractConfig, cluster: RayConfig) -> Iterator[None]:
    """Join a running cluster and leave it again; or start one here, and end all of it."""
    import psutil  # comes with Ray

    # Whatever process is new at the end is Ray's.
    before = set(psutil.Process().children(recursive=True))
    try:
        join(ray, config, cluster)
        yield
    finally:
        started = []
        if cluster.address == LOCAL:
            started = [p for p in psutil.Process().children(recursive=True) if p not in before]
        ray.shutdown()

        # Workers end by themselves, but on a busy machine some outlive the command by half a
        # minute.
        _, alive = psutil.wait_procs(started, timeout=PATIENCE_S)
        for process in alive:
            process.kill()


def join(ray, config: ExtractConfig, cluster: RayConfig) -> None:
    """Join the cluster, or start one on this machine."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}

    # A cluster of this machine alone, as large as the workers need.
    if cluster.address == LOCAL:
        workers = cluster.workers or max(1, (os.cpu_count() or 1) // config.jobs)
        cpus = workers * config.jobs
        try:
            ray.init(address=LOCAL, include_dashboard=False, num_cpus=cpus, **quiet)
        # Of many kinds, none documented: a busy machine lets its start run out of time.
        except Exception as error:
            why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise DataFormatError(
                f"Ray did not start here ({why}): try again when the machine is less busy, or "
                "leave --ray out; what is encoded is kept."
            ) from error
        return

    # Or one that runs already.
    try:
        ray.init(address=cluster.address, **quiet)
    except ConnectionError as error:
        raise DataFormatError(
            f'No Ray cluster answers at {cluster.address}: start one, or say "local".'
        ) from error


def _uses_gpu(ray, config: ExtractConfig) -> bool:
    return config.device != "cpu" and ray.cluster_resources().get("GPU", 0) >= 1


def _actors(ray, config: ExtractConfig, cluster: RayConfig) -> int:
    """Return the pool's size; an actor that finds no room would be waited for without end."""
    # An actor takes `jobs` processors, and a GPU where there are any.
    have = ray.cluster_resources()
    room = int(have.get("CPU", 0) // config.jobs)
    if _uses_gpu(ray, config):
        room = min(room, int(have["GPU"]))

    workers = cluster.workers or room
    if not 1 <= workers <= room:
        raise DataFormatError(
            f"The cluster has room for {room} workers with --jobs {config.jobs}, and --workers "
            f"asks for {workers}."
        )
    return workers


def _with_absolute_paths(config: ExtractConfig) -> ExtractConfig:
    """Return the configuration for an actor, which starts in a folder of its own."""
    for kind in ("encoder", "text"):
        path = Path(getattr(config, kind))
        if path.is_dir():
            config = replace(config, **{kind: str(path.resolve())})
    return config
