"""What a bundle holds, and the checks that its parts fit each other."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from mealrec.bundle.places import ITEM_ID, REBUILD
from mealrec.errors import BundleError
from mealrec.explain.forms import Config, blank_system
from mealrec.explain.kinds import Kind
from mealrec.features.store import CLIPS, GLOBAL_VISUAL, TITLE_SEGMENTS
from mealrec.features.tensors import Normalisation
from mealrec.types import ItemFeatures

LARGEST = 2048  # of a width, a length or a number of steps in a configuration
DECIDED = ("num_items", "visual_width", "text_width", "num_frames")  # by the features
SHOWN_NAMES = 3
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


@dataclass(frozen=True)
class CatalogueItem:
    """One item on offer; `held_out` items were never seen in training and have no ID embedding."""

    item_id: str
    title: str
    topic: str
    held_out: bool = False


@dataclass(frozen=True)
class ExampleViewer:
    """A viewer of the test split: its history, oldest first, the true next item, and a word on
    it."""

    viewer_id: str
    history: tuple[str, ...]
    target: str
    note: str


@dataclass(frozen=True)
class ViewerCase:
    """A viewer of the test split to inspect: the history a model is shown, oldest first, and the
    true next item.

    `accident` says whether the last item was clicked by accident; None where nobody knows.
    """

    viewer_id: str
    history: tuple[str, ...]
    target: str
    accident: bool | None = None


@dataclass(frozen=True)
class BundleContents:
    """Everything the recommender needs.

    `models` maps a variant's name to its configuration and weights; `features` [N+1, ...] are
    normalised, row 0 is padding and row i is `catalogue[i - 1]`; `times_s` [N+1, K] says where in
    the clip each frame lies. `encoders` holds {"name", "sha256"} of "video" and "text": a name that
    starts with "." is a directory relative to the bundle; what stands before a colon says what
    stood in for frames, see `frame_source`. `media` is the folder of clips and pictures, relative
    to the bundle; `interval_s` the seconds between a clip's sampled frames. `kinds` are the J kinds
    of moments that the models tell apart.
    """

    name: str
    created_with: str
    catalogue: tuple[CatalogueItem, ...]
    viewers: tuple[ExampleViewer, ...]
    models: dict[str, tuple[Config, dict[str, Tensor]]]
    kinds: tuple[Kind, ...]
    features: ItemFeatures
    times_s: Tensor
    normalisation: Normalisation
    encoders: dict[str, dict[str, str]]
    media: str
    interval_s: float
    metrics: dict
    training: dict
    test_viewers: tuple[ViewerCase, ...] = ()

    @property
    def frames_from(self) -> str:
        """Return what the K frames of an item are, see `frame_source`."""
        return frame_source(self.encoders["video"]["name"])

    def tensors(self) -> dict[str, Tensor]:
        """Return what `features.safetensors` holds, by name."""
        return {**vars(self.features), "times_s": self.times_s, **vars(self.normalisation)}

    def check(self) -> None:
        """Raise BundleError naming the first part that does not fit the others."""
        if not self.models:
            raise BundleError(f"The bundle holds no model: {REBUILD}.")
        for variant, (config, weights) in self.models.items():
            if not _NAME.fullmatch(variant):
                raise BundleError(
                    f"{variant!r} is no name for a variant (a-z, 0-9, _ and -): {REBUILD}."
                )
            shapes = _feature_shapes(config, self.normalisation.visual_mean.numel())
            check_tensors("features.safetensors", self.tensors(), shapes)
            _check_size(variant, config.to_dict())
            shapes = {
                name: tensor.shape for name, tensor in blank_system(config).state_dict().items()
            }
            check_tensors(f"variants/{variant}.safetensors", weights, shapes)
        self._check_encoders()
        self._check_ids()
        self._check_kinds()
        self._check_values()

    def _check_encoders(self) -> None:
        for kind in ("video", "text"):
            entry = self.encoders.get(kind)
            if not isinstance(entry, dict) or not all(
                isinstance(entry.get(key), str) for key in ("name", "sha256")
            ):
                raise BundleError(
                    f"The manifest's encoders: {kind} needs a name and a sha256: {REBUILD}."
                )

    def _check_values(self) -> None:
        for variant, (_, weights) in self.models.items():
            if broken := [
                name for name, tensor in weights.items() if not torch.isfinite(tensor).all()
            ]:
                raise BundleError(
                    f"The weights of {variant} are not finite at {broken[0]}: train it anew."
                )
        for name, tensor in self.tensors().items():
            wants_bool = name.startswith("has_")
            if (tensor.dtype == torch.bool) != wants_bool:
                raise BundleError(
                    f"features.safetensors: {name} has the type {tensor.dtype}: {REBUILD}."
                )
            if not wants_bool and not torch.isfinite(tensor).all():
                raise BundleError(
                    f"features.safetensors: {name} holds values that are not finite: {REBUILD}."
                )
        known = torch.tensor([False, *(not item.held_out for item in self.catalogue)])
        if not torch.equal(self.features.has_id, known):
            raise BundleError(
                f"features.safetensors: has_id and the catalogue's held_out disagree: {REBUILD}."
            )

    def _check_kinds(self) -> None:
        for variant, (config, _) in self.models.items():
            if config.num_kinds != len(self.kinds):
                raise BundleError(
                    f"kinds.json names {len(self.kinds)} kinds and {variant} tells {config.num_kinds} apart: {REBUILD}."
                )
        ids = {item.item_id for item in self.catalogue}
        for number, kind in enumerate(self.kinds):
            _check_kind(number, kind, ids, self.times_s.shape[1])

    def _check_ids(self) -> None:
        if not all(
            isinstance(part, str)
            for item in self.catalogue
            for part in (item.item_id, item.title, item.topic)
        ):
            raise BundleError(f"catalogue.json: ids, titles and topics are to be text: {REBUILD}.")
        ids = {item.item_id for item in self.catalogue}
        config = next(iter(self.models.values()))[0]
        if len(ids) != len(self.catalogue) or len(ids) != config.num_items:
            raise BundleError(
                f"catalogue.json has {len(self.catalogue)} items with {len(ids)} different ids and the models know "
                f"{config.num_items}: {REBUILD}."
            )
        odd = [item_id for item_id in ids if not ITEM_ID.fullmatch(item_id)]
        if odd:
            raise BundleError(
                f"catalogue.json: {odd[0]!r} is no item id (1-64 letters, digits, _ . -): {REBUILD}."
            )
        for file, viewers in (
            ("viewers.json", self.viewers),
            ("test_viewers.json", self.test_viewers),
        ):
            for viewer in viewers:
                _check_viewer(file, viewer, ids)


def _check_viewer(file: str, viewer: ExampleViewer | ViewerCase, ids: set[str]) -> None:
    lost = {*viewer.history, viewer.target} - ids
    if lost or not viewer.history:
        raise BundleError(
            f"{file}: viewer {viewer.viewer_id} needs a history of the catalogue's items; "
            f"unknown: {', '.join(sorted(lost)) or 'none'}: {REBUILD}."
        )
    if not isinstance(viewer, ViewerCase):
        return
    if viewer.target in viewer.history or viewer.accident not in (True, False, None):
        raise BundleError(
            f"{file}: viewer {viewer.viewer_id} needs a next item that its history does not hold, and true, false or "
            f"null for accident: {REBUILD}."
        )


def _check_kind(number: int, kind: Kind, ids: Collection[str], num_frames: int) -> None:
    values = (kind.share, *kind.place, *(face.share for face in kind.faces))
    is_whole = (
        kind.index == number
        and all(isinstance(text, str) and text for text in (kind.name, *kind.words, *kind.sights))
        and len(kind.place) == 2
        and all(type(value) in (int, float) and 0 <= value <= 1 for value in values)
        and all(face.item_id in ids and face.frame in range(num_frames) for face in kind.faces)
    )
    if not is_whole:
        raise BundleError(
            f"kinds.json: kind {number} needs its number, a name, words, frames of the catalogue's clips, and a share "
            f"and a place from 0 to 1: {REBUILD}."
        )


def frame_source(video_encoder: str) -> str:
    """Return what the frames made by a video encoder of this name are.

    "clips", or what stood in for them: "title-segments" (segments of an item's title, encoded as
    text) or "global-visual" (one given feature an item, repeated).
    """
    before = video_encoder.partition(":")[0]
    return before if before in (TITLE_SEGMENTS, GLOBAL_VISUAL) else CLIPS


def check_tensors(
    file: str, tensors: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]
) -> None:
    """Raise BundleError where `tensors` lacks a name, has one too many, or has another shape
    than `shapes`."""
    missing, unknown = shapes.keys() - tensors.keys(), tensors.keys() - shapes.keys()
    if missing or unknown:
        parts = [
            f"{word} {_listed(names)}"
            for word, names in (("lacks", missing), ("also holds", unknown))
            if names
        ]
        raise BundleError(f"{file} {' and '.join(parts)}: {REBUILD}.")
    for name, shape in shapes.items():
        if tuple(tensors[name].shape) != tuple(shape):
            raise BundleError(
                f"{file}: {name} has the shape {list(tensors[name].shape)} and the configuration asks for "
                f"{list(shape)}: {REBUILD}."
            )


def _listed(names: Collection[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(sorted(names)[:SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def _check_size(variant: str, values: dict) -> None:
    """Refuse a configuration that would ask for more memory than there is; what the features
    decide fits already."""
    for name, value in values.items():
        if isinstance(value, dict):
            _check_size(variant, value)
        elif isinstance(value, int) and value > LARGEST and name not in DECIDED:
            raise BundleError(
                f"{variant}: {name} is {value}, at most {LARGEST} is expected: {REBUILD}."
            )


def _feature_shapes(config: Config, encoded: int) -> dict[str, tuple[int, ...]]:
    rows, visual, text = config.num_items + 1, config.visual_width, config.text_width
    return {
        "global_visual": (rows, visual),
        "frames": (rows, config.num_frames, visual),
        "text": (rows, text),
        "has_visual": (rows,),
        "has_text": (rows,),
        "has_id": (rows,),
        "times_s": (rows, config.num_frames),
        "visual_mean": (encoded,),
        "visual_axes": (encoded, visual),
        "text_mean": (text,),
        "text_std": (text,),
    }
