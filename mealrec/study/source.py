"""Where a study's data come from: official files with a slice to take of them, or a catalogue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.published.prepare import REPORT, prepare, slug, write_prepared
from mealrec.data.statistics import statistics
from mealrec.errors import DataFormatError
from mealrec.features.extraction import extract
from mealrec.features.hidden_writer import write_hidden
from mealrec.features.items import ExtractConfig
from mealrec.features.store import GLOBAL_VISUAL, TITLE_SEGMENTS, read_manifest
from mealrec.training.world import World, open_world


@dataclass(frozen=True)
class Source:
    """A folder of official files with the slice to take of it; slice "" is a catalogue as it is."""

    dataset: str
    folder: Path
    slice: str

    @property
    def name(self) -> str:
        """Return what tells this data from other data in the names of folders."""
        return slug(f"{self.dataset}-{self.slice}" if self.slice else self.dataset)


def find_source(folder: Path, dataset: str | None, slice: str | None) -> Source:
    """Return what kind of folder this is.

    Raises DataFormatError where a slice is asked of a prepared folder, or official files do not say
    what they are.
    """
    # A catalogue is used as it is.
    report = _report(folder)
    has_tables = (folder / "pairs.tsv").is_file() and (folder / "titles.csv").is_file()
    if report or (has_tables and dataset is None):
        name = report.get("dataset", folder.resolve().name)
        own = report.get("slice", "")
        if slice not in (None, own) or dataset not in (None, name):
            known = f"{name} {own}".rstrip()
            raise DataFormatError(
                f"{folder} is prepared already as {known}, and {dataset or name} {slice or own} "
                "is asked for: leave out --dataset and --slice, or give the folder of official "
                "files"
            )
        return Source(f"{name}-{own}" if own else name, folder, "")

    # Official files say by their names which ones they are.
    sizes = [size for size in ("50k", "100k") if any(folder.glob(f"MicroLens-{size}*"))]
    if dataset is None and sizes:
        dataset = f"microlens-{sizes[0]}"
    if dataset is None:
        raise DataFormatError(
            f"{folder} holds neither a catalogue (pairs.tsv, titles.csv) nor files named "
            "MicroLens-50k* or MicroLens-100k*: name the dataset with --dataset"
        )
    return Source(dataset, folder, slice or "small")


def make_world(source: Source, work: Path, features: Path | None, device: str) -> World:
    """Prepare the source's catalogue, extract features where no store is given, and open both.

    What `work` holds already is not made again.
    """
    data = source.folder
    if source.slice:
        data = work / "data"
        prepared = prepare(source.dataset, source.folder, slice=source.slice)
        report = json.loads(json.dumps(prepared.report))
        if not report.items() <= _report(data).items():
            write_prepared(prepared, data)
    if features is None:
        features = work / "features"
        config = ExtractConfig(TITLE_SEGMENTS, device=device)
        extract(read_catalogue(data).titles, None, features, config)
    return open_world(data, features)


def make_hidden(world: World, device: str) -> None:
    """Write the hidden states of title segments next to them; those there and whole are kept."""
    config = ExtractConfig(TITLE_SEGMENTS, device=device)
    write_hidden(world.catalogue.titles, None, world.store, config)


def about_world(world: World) -> dict:
    """Return what a world's catalogue and features are, in words."""
    features = features_in_words(read_manifest(world.store))
    return about_catalogue(world.data, world.catalogue) | {"features": features}


def about_catalogue(folder: Path, catalogue: Catalogue) -> dict:
    """Return a catalogue's dataset, its slice and the slice's recipe, and its statistics."""
    report = _report(folder)
    return {
        "dataset": report.get("dataset", folder.resolve().name),
        "slice": report.get("slice", "as it is"),
        "recipe": report.get("recipe", "the whole folder"),
        "statistics": statistics(catalogue),
    }


def features_in_words(manifest: dict) -> str:
    """Return what stands for a clip's frames, a stand-in named as such, and the encoders."""
    encoders = manifest.get("encoders", {})
    names = {kind: encoder.get("name", "?") for kind, encoder in encoders.items()}
    video = names.get("video", "?")
    text = f"text encoder {names.get('text', '?')}"
    if manifest.get("frames") == TITLE_SEGMENTS:
        return (
            f"{TITLE_SEGMENTS}, a stand-in for frames: no pixels were seen, each title was cut at "
            f"its hashtags into {manifest['num_frames']} segments; {text}"
        )
    if manifest.get("frames") == GLOBAL_VISUAL:
        return (
            f"{GLOBAL_VISUAL}, a stand-in for frames: each repeats its clip's one published "
            f"feature ({video}); {text}"
        )
    return f"frames of the clips; video encoder {video}, {text}"


def _report(folder: Path) -> dict:
    path = folder / REPORT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
