"""A bundle's own models and features, to be measured like a run's."""

from __future__ import annotations

import os
from pathlib import Path

from mealrec.bundle.disk import read_bundle
from mealrec.bundle.manifest import read_manifest
from mealrec.data.catalogue import read_catalogue
from mealrec.data.interactions import leave_one_out
from mealrec.errors import BundleError
from mealrec.models.mealrec import MealRec
from mealrec.training.world import World


def check_measurable(bundle: Path) -> None:
    """Raise BundleError where a bundle's models were fitted on the clicks that would test them."""
    if read_manifest(bundle)["training"].get("refit"):
        raise BundleError(
            f"{bundle} was fitted on all clicks, those that test it included: "
            "evaluate the run it came from with --run"
        )


def bundle_data(bundle: Path, given: Path | None = None) -> Path:
    """Return the catalogue that a bundle was made of: as `given`, else as its manifest tells.

    Raises BundleError where it does not tell, or nothing lies there.
    """
    if given is not None:
        return given

    # A bundle of the project's own names the catalogue itself as the folder of its clips.
    manifest = read_manifest(bundle)
    told = manifest["training"].get("data")
    if not told and manifest["media"].startswith("../"):
        told = manifest["media"]
    if not isinstance(told, str) or not told:
        raise BundleError(
            f"{bundle} does not tell which catalogue it was made of: name the folder with --data"
        )

    # It is told from the bundle's own folder: they may be moved together.
    found = Path(os.path.relpath(Path(bundle).resolve() / told))
    if not found.is_dir():
        raise BundleError(
            f"{bundle} was made of {found}, which is not there: name where it lies with --data"
        )
    return found


def bundle_systems(bundle: Path, data: Path) -> tuple[World, dict[str, list[MealRec]]]:
    """Return what a bundle is measured on, and {variant: [model]}.

    Raises BundleError where bundle and catalogue differ.
    """
    contents = read_bundle(bundle)
    catalogue = read_catalogue(data)
    if tuple(item.item_id for item in contents.catalogue) != catalogue.item_ids:
        raise BundleError(
            f"{bundle} was made from another catalogue than {data}: give the one it was made from"
        )

    systems = {}
    for variant, (config, weights) in contents.models.items():
        model = MealRec(config)
        model.load_state_dict(weights)
        systems[variant] = [model.eval()]

    # All variants read histories of one length.
    first, _ = next(iter(contents.models.values()))
    split = leave_one_out(catalogue, first.max_length)
    world = World(catalogue, split, contents.features, contents.times_s.numpy(), data)
    return world, systems
