"""The checks that a bundle's parts fit each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from mealrec.bundle.contents import BundleContents
from mealrec.bundle.manifest import (
    CATALOGUE,
    FEATURES,
    KINDS,
    TEST_VIEWERS,
    VIEWERS,
    ExampleViewer,
    ViewerCase,
    check_items,
    misfit,
    weights_file,
)
from mealrec.errors import BundleError
from mealrec.explain.served import Config, blank_system
from mealrec.explain.trace import Kind

LARGEST = 2048  # of a width, a length or a number of steps in a configuration
DECIDED = ("num_items", "visual_width", "text_width", "num_frames")  # by the features
SHOWN_NAMES = 3
_NAME = re.compile(r"[a-z0-9_-]{1,64}")


def check(contents: BundleContents) -> None:
    """Raise BundleError naming the first part that does not fit the others."""
    _check_models(contents)
    _check_encoders(contents)
    _check_catalogue(contents)
    _check_kinds(contents)
    _check_values(contents)


def _check_models(contents: BundleContents) -> None:
    if not contents.models:
        raise misfit("The bundle holds no model")
    encoded = contents.normalisation.visual_mean.numel()
    for variant, (config, weights) in contents.models.items():
        if not _NAME.fullmatch(variant):
            raise misfit(f"{variant!r} is no name for a variant (a-z, 0-9, _ and -)")
        # Sizes come first: no model is built that would ask for more memory than there is.
        _check_tensors(FEATURES, contents.tensors(), _feature_shapes(config, encoded))
        _check_size(variant, config.to_dict())
        blank = blank_system(config).state_dict()
        shapes = {name: tensor.shape for name, tensor in blank.items()}
        _check_tensors(weights_file(variant), weights, shapes)


def _check_encoders(contents: BundleContents) -> None:
    # Damaged JSON may hold anything in a dictionary's place.
    for kind in ("video", "text"):
        entry = contents.encoders.get(kind)
        known = entry if isinstance(entry, dict) else {}
        if not all(isinstance(known.get(key), str) for key in ("name", "sha256")):
            raise misfit(f"The manifest's encoders: {kind} needs a name and a sha256")


def _check_catalogue(contents: BundleContents) -> None:
    # The items themselves.
    check_items(contents.catalogue)
    known = next(iter(contents.models.values()))[0].num_items
    if len(contents.catalogue) != known:
        raise misfit(f"{CATALOGUE} has {len(contents.catalogue)} items and the models know {known}")

    # The viewers of these items.
    ids = {item.item_id for item in contents.catalogue}
    _check_viewers(VIEWERS, contents.viewers, ids)
    _check_viewers(TEST_VIEWERS, contents.test_viewers, ids)
    for viewer in contents.test_viewers:
        is_known = viewer.accident in (True, False, None)
        if viewer.target in viewer.history or not is_known:
            raise misfit(
                f"{TEST_VIEWERS}: viewer {viewer.viewer_id} needs a next item that its history "
                f"does not hold, and true, false or null for accident"
            )


def _check_kinds(contents: BundleContents) -> None:
    # All models tell the same kinds apart, and the bundle names just these.
    for variant, (config, _) in contents.models.items():
        if config.num_kinds != len(contents.kinds):
            raise misfit(
                f"{KINDS} names {len(contents.kinds)} kinds and {variant} tells "
                f"{config.num_kinds} apart"
            )

    # Each can be shown: words to call it by, pictures that exist, a place in the map.
    ids = {item.item_id for item in contents.catalogue}
    for number, kind in enumerate(contents.kinds):
        if not _is_whole(kind, number, ids, num_frames=contents.times_s.shape[1]):
            raise misfit(
                f"{KINDS}: kind {number} needs its number, a name, words, frames of the "
                f"catalogue's clips, and a share and a place from 0 to 1"
            )


def _check_values(contents: BundleContents) -> None:
    # The weights.
    for variant, (_, weights) in contents.models.items():
        for name, tensor in weights.items():
            if not torch.isfinite(tensor).all():
                raise BundleError(
                    f"The weights of {variant} are not finite at {name}: train it again."
                )

    # The features.
    for name, tensor in contents.tensors().items():
        wants_bool = name.startswith("has_")
        if (tensor.dtype == torch.bool) != wants_bool:
            raise misfit(f"{FEATURES}: {name} has the type {tensor.dtype}")
        if not wants_bool and not torch.isfinite(tensor).all():
            raise misfit(f"{FEATURES}: {name} holds values that are not finite")

    # What both the features and the catalogue say.
    known = torch.tensor([False, *(not item.held_out for item in contents.catalogue)])
    if not torch.equal(contents.features.has_id, known):
        raise misfit(f"{FEATURES}: has_id and the catalogue's held_out disagree")


def _check_tensors(
    file: str, tensors: dict[str, Tensor], shapes: dict[str, tuple[int, ...]]
) -> None:
    """Raise BundleError where `tensors` are not exactly those of `shapes`, or of other shapes."""
    # One message for what is missing and what is too much.
    missing = shapes.keys() - tensors.keys()
    unknown = tensors.keys() - shapes.keys()
    faults = []
    if missing:
        faults.append(f"lacks {_listed(missing)}")
    if unknown:
        faults.append(f"also holds {_listed(unknown)}")
    if faults:
        raise misfit(f"{file} {' and '.join(faults)}")

    # Of the right names, the first of a wrong shape.
    for name, shape in shapes.items():
        if tuple(tensors[name].shape) != tuple(shape):
            raise misfit(
                f"{file}: {name} has the shape {list(tensors[name].shape)} and the configuration "
                f"asks for {list(shape)}"
            )


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:SHOWN_NAMES])
    more = len(names) - SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _feature_shapes(config: Config, encoded: int) -> dict[str, tuple[int, ...]]:
    rows = config.num_items + 1
    visual = config.visual_width
    text = config.text_width
    # What the features file holds: the items, then what normalises an upload as them.
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


def _check_size(variant: str, values: dict) -> None:
    """Refuse a configuration that would ask for more memory than there is.

    What the features decide fits already.
    """
    for name, value in values.items():
        if isinstance(value, dict):
            _check_size(variant, value)
        elif isinstance(value, int) and value > LARGEST and name not in DECIDED:
            raise misfit(f"{variant}: {name} is {value}, at most {LARGEST} is expected")


def _check_viewers(file: str, viewers: Sequence[ExampleViewer | ViewerCase], ids: set[str]) -> None:
    for viewer in viewers:
        lost = {*viewer.history, viewer.target} - ids
        if lost or not viewer.history:
            raise misfit(
                f"{file}: viewer {viewer.viewer_id} needs a history of the catalogue's items; "
                f"unknown: {', '.join(sorted(lost)) or 'none'}"
            )


def _is_whole(kind: Kind, number: int, ids: Collection[str], num_frames: int) -> bool:
    """Say whether a kind has its number, words, faces of the catalogue, a share and a place."""
    # All that is shown as words, and all that is a share or a coordinate.
    texts = (kind.name, *kind.words, *kind.sights)
    values = (kind.share, *kind.place, *(face.share for face in kind.faces))
    return (
        kind.index == number
        and all(isinstance(text, str) and text for text in texts)
        and len(kind.place) == 2
        and all(type(value) in (int, float) and 0 <= value <= 1 for value in values)
        and all(face.item_id in ids and face.frame in range(num_frames) for face in kind.faces)
    )
