"""A bundle's manifest, its catalogue and viewers, and where its files lie.

Needs neither torch nor numpy: the page draws its first picture from this.

A bundle is a folder of manifest.json · catalogue.json · viewers.json · kinds.json ·
features.safetensors · variants/<variant>.safetensors, and of test_viewers.json where there are
viewers to inspect. One that lies outside of a project also holds media/ and encoders/, copies of
what it needs, which the manifest does not list.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mealrec.data.tables import FILE_NAME as ITEM_ID
from mealrec.errors import BundleError

FORMAT_VERSION = 2
REBUILD = "make the bundle again with `python -m mealrec bundle`"

# A bundle's files.
MANIFEST = "manifest.json"
CARD = "README.md"
CATALOGUE = "catalogue.json"
VIEWERS = "viewers.json"
TEST_VIEWERS = "test_viewers.json"
KINDS = "kinds.json"
FEATURES = "features.safetensors"

# Its own folders, and those of a media folder.
MEDIA = "media"
ENCODERS = "encoders"
CLIPS = "clips"
POSTERS = "posters"
COVERS = "covers"
SOURCES = "sources"

# What every manifest says, in what form.
_FIELDS = {
    "name": str,
    "created_with": str,
    "models": dict,
    "encoders": dict,
    "media": str,
    "interval_s": (int, float),
    "metrics": dict,
    "training": dict,
    "files": dict,
}


@dataclass(frozen=True)
class CatalogueItem:
    """One item on offer; `held_out` items were never seen in training and have no ID embedding."""

    item_id: str
    title: str
    topic: str
    held_out: bool = False


@dataclass(frozen=True)
class ExampleViewer:
    """A viewer of the test split: history, oldest first, true next item, and a word on it."""

    viewer_id: str
    history: tuple[str, ...]
    target: str
    note: str


@dataclass(frozen=True)
class ViewerCase:
    """A viewer of the test split to inspect: the history that a model is shown, oldest first.

    `target` is the true next item. `accident` says whether the last item was clicked by accident;
    None where nobody knows.
    """

    viewer_id: str
    history: tuple[str, ...]
    target: str
    accident: bool | None = None


def weights_file(variant: str) -> str:
    """Return where in a bundle the weights of one of its models lie."""
    return f"variants/{variant}.safetensors"


def misfit(what: str) -> BundleError:
    """Return the error for what does not fit, with what to do."""
    return BundleError(f"{what}: {REBUILD}.")


def read_manifest(bundle: str | Path) -> dict:
    """Return a bundle's manifest.

    Raises BundleError where it is missing, unreadable, incomplete or of another format version.
    """
    path = Path(bundle) / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{bundle} holds no readable {MANIFEST}: point to a bundle's folder, or {REBUILD}."
        ) from error

    # The version comes first: another one may have other fields.
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        raise misfit(f"{bundle} has the format {version} and {FORMAT_VERSION} is read here")
    missing = _FIELDS.keys() - manifest.keys()
    if missing:
        raise misfit(f"{path} lacks {', '.join(sorted(missing))}")

    # Every field has its form.
    odd = [name for name, form in _FIELDS.items() if not isinstance(manifest[name], form)]
    interval = manifest["interval_s"]
    if not odd and (isinstance(interval, bool) or not 0 < interval < math.inf):
        odd = ["interval_s"]
    if odd:
        raise misfit(f"{path}: {odd[0]} has another form than this version writes")
    return manifest


def read_items(bundle: str | Path) -> tuple[CatalogueItem, ...]:
    """Return a bundle's catalogue; raises BundleError where it is not there or of another form."""
    try:
        items = items_from((Path(bundle) / CATALOGUE).read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(
            f"{bundle} holds no readable {CATALOGUE}: point to a bundle's folder, or {REBUILD}."
        ) from error
    check_items(items)
    return items


def items_from(catalogue: bytes) -> tuple[CatalogueItem, ...]:
    """Return the items that catalogue.json tells of."""
    return tuple(CatalogueItem(**item) for item in json.loads(catalogue))


def check_items(items: Sequence[CatalogueItem]) -> None:
    """Raise BundleError where an item's words are no text, or its id is odd or not its own."""
    # Words are text, and an id may be part of a file's name.
    ids = set()
    for item in items:
        if not all(isinstance(text, str) for text in (item.item_id, item.title, item.topic)):
            raise misfit(f"{CATALOGUE}: ids, titles and topics are to be text")
        if not ITEM_ID.fullmatch(item.item_id):
            raise misfit(
                f"{CATALOGUE}: {item.item_id!r} is no item id (1-64 letters, digits, _ . -)"
            )
        ids.add(item.item_id)

    # No id stands for two items.
    if len(ids) != len(items):
        raise misfit(f"{CATALOGUE} has {len(items)} items with {len(ids)} different ids")


def bundle_root(bundle: str | Path) -> Path:
    """Return the folder that holds everything a bundle may name.

    A bundle at <project>/checkpoints/<name> may name files of its project; any other holds all it
    needs itself.
    """
    bundle = Path(bundle).resolve()
    project = bundle.parent.parent
    is_in_project = bundle.parent.name == "checkpoints" and project != project.parent
    return project if is_in_project else bundle


def project_path(bundle: str | Path, relative: str) -> Path:
    """Return where a manifest's relative path leads: inside `bundle_root`.

    Raises BundleError for an absolute or escaping path.
    """
    # Links are followed first: what counts is where a path really ends.
    root = bundle_root(bundle)
    target = (Path(bundle).resolve() / relative).resolve()
    if Path(relative).is_absolute() or not target.is_relative_to(root):
        raise misfit(f"The manifest of {bundle} names {relative!r}, which lies outside {root}")
    return target


class MediaFolder:
    """A media folder: clips/<id>.mp4, and for the pictures posters/<id>.webp or covers/<id>.jpg.

    Knows the given ids only. Any of the files may be missing.
    """

    def __init__(self, folder: Path, item_ids: Iterable[str]):
        self._folder = folder
        self._item_ids = frozenset(item_id for item_id in item_ids if ITEM_ID.fullmatch(item_id))

    @property
    def served(self) -> list[Path]:
        """Return the folders that a page may hand out."""
        return [self._folder / name for name in (CLIPS, POSTERS, COVERS)]

    def clip_path(self, item_id: str) -> Path | None:
        """Return an item's clip, which a browser plays, or None where there is none."""
        return self._existing(item_id, f"{CLIPS}/{item_id}.mp4")

    def poster_path(self, item_id: str) -> Path | None:
        """Return an item's poster or cover, or None where there is neither."""
        return self._existing(item_id, f"{POSTERS}/{item_id}.webp", f"{COVERS}/{item_id}.jpg")

    def decodable_path(self, item_id: str) -> Path | None:
        """Return the file to decode frames from: the clip, or a source that no browser plays."""
        return self._existing(item_id, f"{CLIPS}/{item_id}.mp4", f"{SOURCES}/{item_id}.mp4")

    def _existing(self, item_id: str, *names: str) -> Path | None:
        if item_id not in self._item_ids:
            return None
        for name in names:
            path = self._folder / name
            if path.is_file():
                return path
        return None


def media_folder(bundle: str | Path, items: Iterable[CatalogueItem] = ()) -> MediaFolder:
    """Return the media folder that a manifest names; without `items` it has `served` folders only.

    Raises BundleError where the manifest cannot be read, or names a folder outside.
    """
    folder = project_path(bundle, read_manifest(bundle)["media"])
    return MediaFolder(folder, (item.item_id for item in items))
