"""What every system of an experiment is trained and measured on: a catalogue, its split, its
features."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from mealrec.baselines.base import needs_hidden, needs_titles
from mealrec.data.catalogue import Catalogue, read_catalogue
from mealrec.data.interactions import Split, leave_one_out
from mealrec.data.published.prepare import REPORT, prepare, slug, write_prepared
from mealrec.data.statistics import statistics
from mealrec.errors import DataFormatError
from mealrec.features.extraction import extract_title_segments
from mealrec.features.hidden import HiddenStates, write_hidden
from mealrec.features.items import ExtractConfig
from mealrec.features.store import GLOBAL_VISUAL, TITLE_SEGMENTS, FeatureStore
from mealrec.features.tensors import Normalisation, item_features
from mealrec.features.titles import Titles
from mealrec.types import ItemFeatures

MAX_LENGTH = 10


@dataclass(frozen=True)
class Source:
    """A folder of official files with the slice to take of it, or (slice "") a catalogue to be
    used as it is."""

    dataset: str
    folder: Path
    slice: str

    @property
    def name(self) -> str:
        """Return what tells this data from other data in the names of folders."""
        return slug(f"{self.dataset}-{self.slice}" if self.slice else self.dataset)


@dataclass(frozen=True)
class World:
    """A catalogue in `data` and a store in `store`, read and split; `about` says in words what they
    are.

    `digest` changes with every click and every feature.
    """

    data: Path
    store: Path
    catalogue: Catalogue
    split: Split
    features: ItemFeatures
    about: dict
    digest: str

    @property
    def num_items(self) -> int:
        """Return N."""
        return len(self.catalogue.item_ids)

    @cached_property
    def hidden(self) -> HiddenStates:
        """Return the encoders' hidden states of the catalogue's items; raises DataFormatError
        where there are none."""
        return HiddenStates.open(self.store).of(self.catalogue.item_ids)

    @cached_property
    def titles(self) -> Titles:
        """Return the catalogue's titles with the text encoder of the features; raises
        DataFormatError, see Titles."""
        store = _rows_of(FeatureStore.open(self.store), self.catalogue.item_ids, self.store)
        texts = [self.catalogue.titles[item] for item in self.catalogue.item_ids]
        return Titles.open(store, texts, Normalisation.fit(store, self.catalogue.trainable))

    def beside(self, config: object) -> HiddenStates | Titles | None:
        """Return what the system of a configuration reads beside the features."""
        if needs_hidden(config):
            return self.hidden
        return self.titles if needs_titles(config) else None

    @property
    def candidates(self) -> np.ndarray:
        """Return [N+1] bool: what is ranked, every item that training may see."""
        return self.features.has_id.cpu().numpy()

    @property
    def shape(self) -> dict[str, int]:
        """Return the model's dimensions that the data decide."""
        frames, text = self.features.frames, self.features.text
        return {
            "num_items": self.num_items,
            "visual_width": frames.shape[2],
            "text_width": text.shape[1],
            "num_frames": frames.shape[1],
        }


def find_source(folder: Path, dataset: str | None, slice: str | None) -> Source:
    """Return what kind of folder this is.

    Raises DataFormatError where a slice is asked of a prepared folder, or official files do not say
    what they are.
    """
    report = _report(folder)
    if report or (
        (folder / "pairs.tsv").is_file() and (folder / "titles.csv").is_file() and dataset is None
    ):
        name, own = report.get("dataset", folder.resolve().name), report.get("slice", "")
        if slice not in (None, own) or dataset not in (None, name):
            raise DataFormatError(
                f"{folder} is prepared already as {name} {own}".rstrip()
                + f", and {dataset or name} {slice or own} "
                "is asked for: leave out --dataset and --slice, or give the folder of official files"
            )
        return Source(f"{name}-{own}" if own else name, folder, "")
    if dataset is None:
        dataset = next(
            (
                f"microlens-{size}"
                for size in ("50k", "100k")
                if any(folder.glob(f"MicroLens-{size}*"))
            ),
            None,
        )
    if dataset is None:
        raise DataFormatError(
            f"{folder} holds neither a catalogue (pairs.tsv, titles.csv) nor files named MicroLens-50k* or "
            "MicroLens-100k*: name the dataset with --dataset"
        )
    return Source(dataset, folder, slice or "small")


def make_world(
    source: Source, work: Path, features: Path | None = None, device: str = "auto"
) -> World:
    """Prepare the source's catalogue, extract features where no store is given, and open both.

    What `work` holds already is not made again.
    """
    data = source.folder
    if source.slice:
        data = work / "data"
        prepared = prepare(source.dataset, source.folder, slice=source.slice)
        if not json.loads(json.dumps(prepared.report)).items() <= _report(data).items():
            write_prepared(prepared, data)
    if features is None:
        features = work / "features"
        extract_title_segments(read_catalogue(data).titles, features, device=device)
    return open_world(data, features)


def make_hidden(world: World, device: str = "auto") -> None:
    """Write the hidden states beside the title segments that `make_world` extracted; those there
    and whole are kept."""
    write_hidden(
        world.catalogue.titles, None, world.store, ExtractConfig(TITLE_SEGMENTS, device=device)
    )


@lru_cache(maxsize=2)
def open_world(data: Path, store_path: Path) -> World:
    """Open a catalogue folder with its feature store; the store may hold more items and in another
    order.

    Raises DataFormatError where it lacks an item.
    """
    catalogue = read_catalogue(data)
    store = _rows_of(FeatureStore.open(store_path), catalogue.item_ids, store_path)
    seen = catalogue.trainable
    split = leave_one_out(catalogue, MAX_LENGTH)
    about = about_catalogue(data, catalogue) | {"features": features_in_words(store.manifest)}
    features = item_features(store, Normalisation.fit(store, seen), seen)
    return World(data, store_path, catalogue, split, features, about, _digest(catalogue, store))


def about_catalogue(folder: Path, catalogue: Catalogue) -> dict:
    """Return what a catalogue folder is: its dataset, its slice and the slice's recipe, its
    statistics."""
    report = _report(folder)
    return {
        "dataset": report.get("dataset", folder.resolve().name),
        "slice": report.get("slice", "as it is"),
        "recipe": report.get("recipe", "the whole folder"),
        "statistics": statistics(catalogue),
    }


def features_in_words(manifest: dict) -> str:
    """Return what stands for a video's frames, a stand-in named as such, and which encoders made
    the features."""
    names = {
        kind: encoder.get("name", "?") for kind, encoder in manifest.get("encoders", {}).items()
    }
    if manifest.get("frames") == TITLE_SEGMENTS:
        return (
            f"{TITLE_SEGMENTS}, a stand-in for frames: no pixels were seen, each title was cut at its hashtags into "
            f"{manifest['num_frames']} segments; text encoder {names.get('text', '?')}"
        )
    if manifest.get("frames") == GLOBAL_VISUAL:
        return (
            f"{GLOBAL_VISUAL}, a stand-in for frames: each repeats its clip's one published feature "
            f"({names.get('video', '?')}); text encoder {names.get('text', '?')}"
        )
    return f"frames of the clips; video encoder {names.get('video', '?')}, text encoder {names.get('text', '?')}"


def _rows_of(store: FeatureStore, item_ids: tuple[str, ...], path: Path) -> FeatureStore:
    if store.item_ids == item_ids:
        return store
    place = {item: number for number, item in enumerate(store.item_ids)}
    if missing := [item for item in item_ids if item not in place]:
        raise DataFormatError(
            f"{path} lacks {len(missing)} of {len(item_ids)} items, {missing[0]} first: extract the features of this "
            "catalogue"
        )
    rows = np.array([place[item] for item in item_ids])
    arrays = {
        name: value[rows] for name, value in vars(store).items() if isinstance(value, np.ndarray)
    }
    return replace(store, item_ids=item_ids, **arrays)


def _digest(catalogue: Catalogue, store: FeatureStore) -> str:
    words = json.dumps(
        [catalogue.item_ids, sorted(catalogue.held_out), list(catalogue.histories.items())]
    )
    digest = hashlib.sha256(words.encode())
    for array in (store.frames, store.global_visual, store.text, store.has_visual, store.has_text):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _report(folder: Path) -> dict:
    path = folder / REPORT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
