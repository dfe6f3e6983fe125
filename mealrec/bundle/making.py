"""`python -m mealrec bundle`: pack one seed of a training run, with its features, into a bundle."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from mealrec.bundle.contents import CLIPS, BundleContents, CatalogueItem, frame_source
from mealrec.bundle.disk import check_weights, write_bundle
from mealrec.bundle.examples import choose_cases, choose_viewers
from mealrec.bundle.naming import name_kinds
from mealrec.bundle.packing import Packing
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.published.prepare import REPORT
from mealrec.errors import DataFormatError
from mealrec.explain.forms import FORMS, parts_of, served
from mealrec.features.store import FeatureStore, check_items
from mealrec.features.tensors import item_features
from mealrec.progress import Progress
from mealrec.training.forms import System
from mealrec.training.refit import Refit
from mealrec.training.run import RUN, load_normalisation, load_system, source_of, sources_told
from mealrec.types import ItemFeatures

QUIET = "quiet"
STOPPED = "stopped; nothing of the bundle was written, and an older one is as it was: run the same command again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("--run", type=Path, required=True, help="run directory that `train` wrote")
    parser.add_argument(
        "--seed", type=int, default=0, help="which seed of the run (default: %(default)s)"
    )
    parser.add_argument("--data", type=Path, help="catalogue (default: the run's own)")
    parser.add_argument("--features", type=Path, help="feature store (default: the run's own)")
    parser.add_argument(
        "--encoder",
        help="encoder of the features, a directory or hub id (default: as they name it)",
    )
    parser.add_argument(
        "--system",
        help="the system that the app shows first (default: full, mealrec, or the only one)",
    )
    parser.add_argument(
        "--metrics", type=Path, help="report of `evaluate` (default: metrics.json of the run)"
    )
    parser.add_argument(
        "--refit",
        action="store_true",
        help="fit the systems again on all clicks, those of validation and the test too; the figures stay the run's",
    )
    parser.add_argument(
        "--name",
        help="the bundle's name (default: what `prepare` called the data, else its folder)",
    )
    parser.add_argument(
        "--transcode",
        action="store_true",
        help="make H.264 copies, in the bundle, of clips that browsers do not play",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="bundle to write, e.g. checkpoints/default"
    )


def run(arguments: argparse.Namespace, accidents: Mapping[str, bool] = MappingProxyType({})) -> int:
    """Gather, check and write the bundle; `accidents` is what is known of its test viewers, see
    `choose_cases`."""
    torch.set_num_threads(1)
    arguments.data = source_of(arguments.run, "data", arguments.data)
    arguments.features = source_of(arguments.run, "features", arguments.features)
    with Progress() as progress:
        packing = Packing(arguments.out, progress, transcodes=arguments.transcode)
        contents = _gather(arguments, packing, accidents, progress)
        progress.begins(f"writing {arguments.out}")
        write_bundle(arguments.out, contents, packing.place)
    size = sum(file.stat().st_size for file in arguments.out.rglob("*") if file.is_file()) / 2**20
    print(
        f"{arguments.out}: {len(contents.catalogue)} items, {', '.join(contents.models)}, {size:.1f} MiB"
    )
    for line in packing.told():
        print(line)
    return 0


def _gather(
    arguments: argparse.Namespace,
    packing: Packing,
    accidents: Mapping[str, bool],
    progress: Progress,
) -> BundleContents:
    progress.begins(f"reading {arguments.data} and {arguments.features}")
    catalogue, store = read_catalogue(arguments.data), FeatureStore.open(arguments.features)
    if line := catalogue.told(arguments.data):
        progress.begins(line)
    check_items(store, catalogue.item_ids, arguments.features, arguments.data)
    folders = find_systems(arguments.run / f"seed-{arguments.seed}", arguments.system)
    names = _encoder_names(store, arguments.encoder)
    encoders = _encoders(store, names, packing)
    decodes = frame_source(encoders["video"]["name"]) == CLIPS
    normalisation = load_normalisation(arguments.run / "normalisation.safetensors")
    times_s = torch.tensor(np.asarray(store.times_s))
    features = item_features(store, normalisation, catalogue.trainable)
    training = _training(arguments.run, folders, arguments.seed) | sources_told(
        arguments.out, data=arguments.data
    )
    if arguments.refit:
        progress.begins("fitting the systems again on all clicks")
        models, fit = _fitted_again(folders, catalogue, features)
        training |= fit
    else:
        models = {name: load_system(folder) for name, folder in folders.items()}
    progress.begins("looking at the clips' files")
    media = packing.media(arguments.data, catalogue.item_ids, decodes)
    progress.begins("naming the kinds of moments")
    return BundleContents(
        name=arguments.name
        or _read_json(arguments.data / REPORT).get("name")
        or arguments.out.name,
        created_with=" ".join(["python -m mealrec", *sys.argv[1:]]),
        catalogue=_items(catalogue),
        viewers=choose_viewers(catalogue),
        models=parts_of(models),
        kinds=name_kinds(served(models["full"]), features, catalogue, store, names["video"]),
        features=features,
        times_s=torch.cat([torch.zeros_like(times_s[:1]), times_s]),
        normalisation=normalisation,
        encoders=encoders,
        media=media,
        interval_s=store.manifest["interval_s"],
        metrics=metrics_tables(_report(arguments), {folders["full"].name: "full"}),
        training=training,
        test_viewers=choose_cases(catalogue, models["full"].config.max_length, accidents),
    )


def _fitted_again(
    folders: Mapping[str, Path], catalogue: Catalogue, features: ItemFeatures
) -> tuple[dict[str, System], dict]:
    """Return the systems fitted on all clicks, and what the manifest says of that."""
    refit, models = Refit(catalogue, features), {}
    for name, folder in folders.items():
        began = time.perf_counter()
        models[name] = refit.system(folder)
        print(
            f"{name}: fitted on {refit.clicks:,} clicks in {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    return models, {"refit": True, "clicks": refit.clicks}


def metrics_tables(report: dict, renamed: dict[str, str] | None = None) -> dict:
    """Return a report of `evaluate` with each system's masked mean figures in one flat row under
    "test".

    `renamed` maps systems to their names in the bundle.
    """
    tables = {name: value for name, value in report.items() if name != "systems"}
    rows = {
        (renamed or {}).get(name, name): {
            metric: value["mean"] for metric, value in system["masked"].items()
        }
        for name, system in report.get("systems", {}).items()
    }
    return {"test": rows, **tables} if rows else tables


def find_systems(seed: Path, main: str | None = None) -> dict[str, Path]:
    """Return {name: folder} of a seed's finished systems; the main one comes first and is called
    "full".

    It is `main` where that is given, else "full", "mealrec" or the only one there is. Systems of
    another form than the recommender serves stay out, and the quiet one, which is there to be
    compared with. Raises DataFormatError where it is not there or not clear.
    """
    folders = {path.parent.name: path.parent for path in sorted(seed.glob("*/config.json"))}
    left_out = [name for name, folder in folders.items() if name == QUIET or not _is_served(folder)]
    for name in left_out:
        del folders[name]
    if left_out:
        print(
            f"Left out of the bundle (of another form, or only there to be compared with): {', '.join(left_out)}."
        )
    known = ", ".join(folders) or "none"
    if main is None:
        only = list(folders) if len(folders) == 1 else []
        main = next((name for name in ("full", "mealrec", *only) if name in folders), None)
    if main not in folders:
        raise DataFormatError(
            f"{seed} holds the trained systems {known}, and one is expected to come first in the app: name it with "
            "--system, or run `python -m mealrec train` first."
        )
    first = folders.pop(main)
    return {"full": first, **{name: folder for name, folder in folders.items() if name != "full"}}


def _is_served(folder: Path) -> bool:
    return _read_json(folder / "config.json").get("form") in FORMS


def _items(catalogue: Catalogue) -> tuple[CatalogueItem, ...]:
    return tuple(
        CatalogueItem(
            item_id,
            catalogue.titles[item_id],
            catalogue.topics.get(item_id, ""),
            item_id in catalogue.held_out,
        )
        for item_id in catalogue.item_ids
    )


def _encoder_names(store: FeatureStore, video: str | None) -> dict[str, str]:
    """Return where the store's encoders lie; raises BundleError where a directory holds others."""
    made_with = store.manifest["encoders"]
    names = {kind: encoder["name"] for kind, encoder in made_with.items()}
    if video and frame_source(names["video"]) == CLIPS:
        names["video"] = video
    for kind, name in names.items():
        if Path(name).is_dir():
            check_weights(Path(name), made_with[kind]["sha256"])
    return names


def _encoders(
    store: FeatureStore, names: dict[str, str], packing: Packing
) -> dict[str, dict[str, str]]:
    """Return the encoders as the bundle names them."""
    made_with = store.manifest["encoders"]
    return {
        kind: {"name": packing.encoder(kind, name), "sha256": made_with[kind]["sha256"]}
        for kind, name in names.items()
    }


def _report(arguments: argparse.Namespace) -> dict:
    if arguments.metrics is not None and not arguments.metrics.is_file():
        raise DataFormatError(
            f"--metrics: there is no file {arguments.metrics}: make it with `python -m mealrec evaluate`."
        )
    return _read_json(arguments.metrics or arguments.run / "metrics.json")


def _training(run: Path, folders: dict[str, Path], seed: int) -> dict:
    """Return how the run was made, and for each system where training stopped."""
    systems = {name: _read_json(folder / "training.json") for name, folder in folders.items()}
    kept = ("epoch", "validation_N@10", "seconds")
    stops = {
        name: {key: values[key] for key in kept if key in values}
        for name, values in systems.items()
    }
    told = {
        name: value
        for name, value in _read_json(run / RUN).items()
        if name not in ("data", "features")
    }
    return {**told, "seed": seed, "systems": stops, "settings": systems["full"]}


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise DataFormatError(f"{path} is no JSON ({error}): make it again.") from error
