"""What a bundle is made of: one seed of a training run, with its data and its features."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from mealrec.bundle.contents import BundleContents, check_weights, frame_source
from mealrec.bundle.examples import choose_cases, choose_viewers
from mealrec.bundle.manifest import CatalogueItem
from mealrec.bundle.naming import name_kinds
from mealrec.bundle.packing import Packing
from mealrec.data.catalogue import Catalogue
from mealrec.data.published.prepare import REPORT
from mealrec.errors import DataFormatError
from mealrec.explain.served import FORMS, parts_of, served
from mealrec.features.store import CLIPS, FeatureStore
from mealrec.progress import Progress
from mealrec.training.forms import System
from mealrec.training.refit import Refit
from mealrec.training.run import RUN, load_system, sources_told
from mealrec.training.world import NORMALISATION, World, load_normalisation, open_world

QUIET = "quiet"
_KEPT = ("epoch", "validation_N@10", "seconds")  # of what a system's folder tells of its training


@dataclass(frozen=True)
class Sources:
    """What a bundle is made of.

    `system` comes first in the app, see `find_systems`; `metrics` is a report of `evaluate`, by
    default the run's own; `refit` fits the systems again on all clicks.
    """

    run: Path
    data: Path
    features: Path
    seed: int = 0
    encoder: str | None = None
    system: str | None = None
    metrics: Path | None = None
    refit: bool = False
    name: str | None = None


def make_contents(
    sources: Sources,
    packing: Packing,
    accidents: Mapping[str, bool],
    command: str,
    progress: Progress,
) -> BundleContents:
    """Gather what a bundle holds; `packing` is told which files it takes along.

    `accidents` is what is known of its test viewers, see `choose_cases`; `command` made it.
    """
    # What the run was trained on.
    progress.begins(f"reading {sources.data} and {sources.features}")
    normalisation = sources.run / NORMALISATION
    world = open_world(sources.data, sources.features, normalisation=normalisation, exact=True)
    catalogue = world.catalogue
    odd = catalogue.told(sources.data)
    if odd:
        progress.begins(odd)

    # The systems and the encoders.
    folders = find_systems(sources.run / f"seed-{sources.seed}", sources.system)
    store = world.rows
    encoders = _encoder_names(store, sources.encoder)
    models, training = _systems(sources, folders, world, progress)
    training |= sources_told(packing.out, data=sources.data)
    main = models["full"]

    # The files that go with it.
    packed = {}
    for kind, name in encoders.items():
        checksum = store.manifest["encoders"][kind]["sha256"]
        packed[kind] = {"name": packing.encoder(kind, name), "sha256": checksum}
    progress.begins("looking at the clips' files")
    decodes = frame_source(encoders["video"]) == CLIPS
    media = packing.media(sources.data, catalogue.item_ids, decodes)

    progress.begins("naming the kinds of moments")
    kinds = name_kinds(served(main), world.features, catalogue, store, encoders["video"])
    return BundleContents(
        name=sources.name or _read_json(sources.data / REPORT).get("name") or packing.out.name,
        created_with=command,
        catalogue=_items(catalogue),
        viewers=choose_viewers(catalogue),
        models=parts_of(models),
        kinds=kinds,
        features=world.features,
        times_s=torch.tensor(world.times_s),
        normalisation=load_normalisation(normalisation),
        encoders=packed,
        media=media,
        interval_s=store.manifest["interval_s"],
        metrics=metrics_tables(_report(sources), {folders["full"].name: "full"}),
        training=training,
        test_viewers=choose_cases(catalogue, main.config.max_length, accidents),
    )


def find_systems(seed: Path, main: str | None = None) -> dict[str, Path]:
    """Return {name: folder} of a seed's finished systems; the main one comes first, called "full".

    It is `main` where that is given, else the only one there is, or what the main one is called: on
    the sample full, on published data mealrec. Systems of another form than the recommender serves
    stay out, and the quiet one, which is there to be compared with. Raises DataFormatError where it
    is not there or not clear.
    """
    # What is trained, without what no request can be put to.
    folders = {}
    left_out = []
    for path in sorted(seed.glob("*/config.json")):
        name = path.parent.name
        if name == QUIET or _read_json(path).get("form") not in FORMS:
            left_out.append(name)
        else:
            folders[name] = path.parent
    if left_out:
        print(
            "Left out of the bundle (of another form, or only there to be compared with): "
            f"{', '.join(left_out)}."
        )

    # The main one.
    if main is None:
        known = folders if len(folders) == 1 else ("full", "mealrec")
        main = next((name for name in known if name in folders), None)
    if main not in folders:
        raise DataFormatError(
            f"{seed} holds the trained systems {', '.join(folders) or 'none'}, and one is expected "
            "to come first in the app: name it with --system, or run `python -m mealrec train` "
            "first."
        )
    others = {name: folder for name, folder in folders.items() if name not in (main, "full")}
    return {"full": folders[main], **others}


def metrics_tables(report: dict, renamed: Mapping[str, str]) -> dict:
    """Return a report of `evaluate` with the systems' masked mean figures, a row each, in "test".

    `renamed` maps systems to their names in the bundle.
    """
    tables = {name: value for name, value in report.items() if name != "systems"}
    rows = {}
    for name, system in report.get("systems", {}).items():
        row = {metric: value["mean"] for metric, value in system["masked"].items()}
        rows[renamed.get(name, name)] = row
    return {"test": rows, **tables} if rows else tables


def _systems(
    sources: Sources, folders: Mapping[str, Path], world: World, progress: Progress
) -> tuple[dict[str, System], dict[str, object]]:
    """Return the systems as trained or fitted on all clicks, and what the manifest says of that."""
    # As they were trained.
    training = _training(sources.run, folders, sources.seed)
    if not sources.refit:
        return {name: load_system(folder) for name, folder in folders.items()}, training

    # Or on validation's and test's clicks as well: nothing is left to measure those by.
    progress.begins("fitting the systems again on all clicks")
    refit = Refit(world.catalogue, world.features)
    models = {}
    for name, folder in folders.items():
        began = time.perf_counter()
        models[name] = refit.system(folder)
        seconds = time.perf_counter() - began
        print(f"{name}: fitted on {refit.clicks:,} clicks in {seconds:.0f} s", flush=True)
    return models, training | {"refit": True, "clicks": refit.clicks}


def _items(catalogue: Catalogue) -> tuple[CatalogueItem, ...]:
    return tuple(
        CatalogueItem(
            item_id=item_id,
            title=catalogue.titles[item_id],
            topic=catalogue.topics.get(item_id, ""),
            held_out=item_id in catalogue.held_out,
        )
        for item_id in catalogue.item_ids
    )


def _encoder_names(store: FeatureStore, video: str | None) -> dict[str, str]:
    """Return where the store's encoders lie; raises BundleError where a directory holds others."""
    # Another folder may hold the video encoder now; titles that stand in for clips need none.
    made_with = store.manifest["encoders"]
    names = {kind: encoder["name"] for kind, encoder in made_with.items()}
    if video and frame_source(names["video"]) == CLIPS:
        names["video"] = video

    # A folder's weights are still those that made the features; the hub's are checked when loaded.
    for kind, name in names.items():
        if Path(name).is_dir():
            check_weights(Path(name), made_with[kind]["sha256"])
    return names


def _report(sources: Sources) -> dict:
    if sources.metrics is not None and not sources.metrics.is_file():
        raise DataFormatError(
            f"--metrics: there is no file {sources.metrics}: make it with "
            "`python -m mealrec evaluate`."
        )
    return _read_json(sources.metrics or sources.run / "metrics.json")


def _training(run: Path, folders: Mapping[str, Path], seed: int) -> dict:
    """Return how the run was made, and for each system where training stopped."""
    told = _read_json(run / RUN)
    for moved in ("data", "features"):  # they lie elsewhere, seen from the bundle
        told.pop(moved, None)
    # Where training stopped, and all that is known of the main system's.
    systems = {name: _read_json(folder / "training.json") for name, folder in folders.items()}
    stops = {}
    for name, values in systems.items():
        stops[name] = {key: values[key] for key in _KEPT if key in values}
    return {**told, "seed": seed, "systems": stops, "settings": systems["full"]}


def _read_json(path: Path) -> dict:
    """Return what a file holds, nothing where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise DataFormatError(f"{path} is no JSON ({error}): make it again.") from error
