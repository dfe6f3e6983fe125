"""A bundle on disk: JSON and safetensors, listed with their checksums in one manifest.

manifest.json · catalogue.json · viewers.json · kinds.json · features.safetensors ·
variants/<variant>.safetensors; where there are viewers to inspect test_viewers.json; and, in a
bundle that lies outside of a project, media/ and encoders/ with copies of what it needs, which the
manifest does not list.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from mealrec.bundle.contents import BundleContents, CatalogueItem, ExampleViewer, ViewerCase
from mealrec.bundle.places import ENCODERS, MEDIA, REBUILD, project_path
from mealrec.errors import BundleError
from mealrec.explain.forms import FORMS, Config, config_of
from mealrec.explain.kinds import Face, Kind
from mealrec.features.tensors import Normalisation
from mealrec.features.weights import WEIGHT_FILES
from mealrec.types import ItemFeatures

FORMAT_VERSION = 2
MANIFEST = "manifest.json"
CARD = "README.md"
CATALOGUE, VIEWERS, FEATURES = "catalogue.json", "viewers.json", "features.safetensors"
TEST_VIEWERS, KINDS = "test_viewers.json", "kinds.json"
_FORMS = {
    **dict.fromkeys(("name", "created_with", "media"), str),
    **dict.fromkeys(("models", "encoders", "metrics", "training", "files"), dict),
    "interval_s": (int, float),
}
_PLAIN = ("name", "created_with", "encoders", "media", "interval_s", "metrics", "training")


def write_bundle(
    path: str | Path, contents: BundleContents, place: Callable[[Path], None] = lambda folder: None
) -> None:
    """Write a checked bundle; an older bundle at `path` is replaced only when the new one is whole.

    `place(folder)` puts media/ and encoders/ into the folder that is about to become the bundle.
    Raises BundleError where the contents do not fit each other, or `path` holds something else.
    """
    path = Path(path)
    contents.check()
    if path.is_file() or (
        path.exists() and any(path.iterdir()) and not (path / MANIFEST).is_file()
    ):
        raise BundleError(
            f"{path} is no bundle (it has no {MANIFEST}): choose an empty or new folder to write to."
        )
    files = {
        CATALOGUE: _json([vars(item) for item in contents.catalogue]),
        VIEWERS: _json([vars(viewer) for viewer in contents.viewers]),
        KINDS: _json([asdict(kind) for kind in contents.kinds]),
        FEATURES: _safetensors(contents.tensors()),
        **{
            _weights_file(variant): _safetensors(weights)
            for variant, (_, weights) in contents.models.items()
        },
    }
    if contents.test_viewers:
        files[TEST_VIEWERS] = _json([vars(viewer) for viewer in contents.test_viewers])
    partial, replaced = (path.with_name(path.name + ending) for ending in (".partial", ".replaced"))
    for leftover in (partial, replaced):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        for name, data in {**files, MANIFEST: _json(_manifest(contents, files))}.items():
            file = partial / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        place(partial)
    except BaseException:  # stopped, or the disk is full
        shutil.rmtree(partial, ignore_errors=True)
        raise
    if path.exists():
        path.rename(replaced)
    partial.rename(path)
    shutil.rmtree(replaced, ignore_errors=True)


def read_manifest(path: str | Path) -> dict:
    """Return a bundle's manifest.

    Raises BundleError where it is missing, unreadable, incomplete or of another format version.
    """
    path = Path(path)
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{path} holds no readable {MANIFEST}: point to a bundle's folder, or {REBUILD}."
        ) from error
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        raise BundleError(
            f"{path} has the format {version} and {FORMAT_VERSION} is read here: {REBUILD}."
        )
    if missing := {"models", "files", *_PLAIN} - manifest.keys():
        raise BundleError(f"{path / MANIFEST} lacks {', '.join(sorted(missing))}: {REBUILD}.")
    odd = [name for name, form in _FORMS.items() if not isinstance(manifest[name], form)]
    if not odd and (
        isinstance(manifest["interval_s"], bool) or not 0 < manifest["interval_s"] < math.inf
    ):
        odd = ["interval_s"]
    if odd:
        raise BundleError(
            f"{path / MANIFEST}: {odd[0]} has another form than this version writes: {REBUILD}."
        )
    return manifest


def read_bundle(path: str | Path) -> BundleContents:
    """Read a bundle whole, after checking its version, files, checksums, shapes and encoder.

    Raises BundleError naming what does not fit and what to do; nothing is returned half-loaded.
    """
    path = Path(path)
    manifest = read_manifest(path)
    try:
        contents = _contents(manifest, _read_files(path, manifest["files"]))
        contents.check()
        for encoder in contents.encoders.values():
            check_encoder(path, encoder)
        project_path(path, contents.media)
    except BundleError:
        raise
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        SafetensorError,
    ) as error:
        raise BundleError(
            f"{path} was made by another version ({type(error).__name__}: {error}): {REBUILD}."
        ) from error
    return contents


def check_encoder(bundle: str | Path, encoder: dict[str, str]) -> str:
    """Return an encoder's directory or name (a hub id, "minilm", "title-segments:…"), a directory
    once it is checked.

    Raises BundleError where the directory has no weights or others than the features were made
    with.
    """
    name = encoder["name"]
    if not name.startswith("."):
        return name
    directory = project_path(bundle, name)
    check_weights(directory, encoder["sha256"])
    return str(directory)


def check_weights(directory: Path, sha256: str) -> None:
    """Raise BundleError where a directory has no weights or not those of the checksum."""
    weights = next(
        (directory / file for file in WEIGHT_FILES if (directory / file).is_file()), None
    )
    if weights is None:
        raise BundleError(
            f"The bundle's encoder is missing: no weights in {directory}; restore it, or {REBUILD}."
        )
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != sha256:
        raise BundleError(
            f"{weights} is not the encoder that the bundle was made with (sha256 {found[:12]}… where "
            f"{sha256[:12]}… is expected): restore it, or extract the features and {REBUILD}."
        )


def _manifest(contents: BundleContents, files: dict[str, bytes]) -> dict:
    config = next(iter(contents.models.values()))[0]
    dims = ("num_items", "visual_width", "text_width", "num_frames", "num_kinds", "max_length")
    return {
        "format_version": FORMAT_VERSION,
        "name": contents.name,
        "created_with": contents.created_with,
        "dims": {name: getattr(config, name) for name in dims},
        "models": {variant: config.to_dict() for variant, (config, _) in contents.models.items()},
        "encoders": contents.encoders,
        "media": contents.media,
        "interval_s": contents.interval_s,
        "metrics": contents.metrics,
        "training": contents.training,
        "files": {
            name: {"sha256": _sha256(data), "bytes": len(data)}
            for name, data in sorted(files.items())
        },
    }


def _read_files(path: Path, listed: dict[str, dict]) -> dict[str, bytes]:
    """Return every file's bytes, once the folder holds exactly the listed files, each with its
    checksum."""
    files = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    present = {file.as_posix() for file in files if file.parts[0] not in (MEDIA, ENCODERS)} - {
        MANIFEST,
        CARD,
    }
    if missing := sorted(listed.keys() - present):
        raise BundleError(
            f"{path} lacks {', '.join(missing)}: copy the whole folder again, or {REBUILD}."
        )
    if unknown := sorted(present - listed.keys()):
        raise BundleError(
            f"{path} also holds {', '.join(unknown)}, which {MANIFEST} does not list: move it away."
        )
    files = {}
    for name, entry in listed.items():
        data = (path / name).read_bytes()
        if len(data) != entry["bytes"] or _sha256(data) != entry["sha256"]:
            raise BundleError(
                f"{path / name} is damaged (its checksum differs): copy it again, or {REBUILD}."
            )
        files[name] = data
    return files


def _contents(manifest: dict, files: dict[str, bytes]) -> BundleContents:
    tensors = load_tensors(files[FEATURES])
    parts = {
        kind: {field.name: tensors[field.name] for field in fields(kind)}
        for kind in (ItemFeatures, Normalisation)
    }
    models = {
        variant: (_config(variant, config), load_tensors(files[_weights_file(variant)]))
        for variant, config in manifest["models"].items()
    }
    if stray := files.keys() - {
        CATALOGUE,
        VIEWERS,
        TEST_VIEWERS,
        KINDS,
        FEATURES,
        *map(_weights_file, models),
    }:
        raise BundleError(
            f"The manifest lists {', '.join(sorted(stray))}, which belong to no variant: {REBUILD}."
        )
    return BundleContents(
        catalogue=tuple(CatalogueItem(**item) for item in json.loads(files[CATALOGUE])),
        viewers=_viewers(ExampleViewer, files[VIEWERS]),
        test_viewers=_viewers(ViewerCase, files.get(TEST_VIEWERS, b"[]")),
        models=models,
        kinds=tuple(_kind(kind) for kind in json.loads(files[KINDS])),
        features=ItemFeatures(**parts[ItemFeatures]),
        times_s=tensors["times_s"],
        normalisation=Normalisation(**parts[Normalisation]),
        **{key: manifest[key] for key in _PLAIN},
    )


def _viewers(kind: type, data: bytes) -> tuple:
    return tuple(
        kind(**viewer | {"history": tuple(viewer["history"])}) for viewer in json.loads(data)
    )


def _config(variant: str, values: dict) -> Config:
    if (config := config_of(values)) is None:
        raise BundleError(
            f"{variant} is no model of the forms that are served here, {', '.join(FORMS)}: {REBUILD}."
        )
    return config


def _kind(values: dict) -> Kind:
    faces = tuple(Face(**face) for face in values["faces"])
    lists = {name: tuple(values[name]) for name in ("words", "sights", "place")}
    return Kind(**values | lists | {"faces": faces})


def _weights_file(variant: str) -> str:
    return f"variants/{variant}.safetensors"


def _safetensors(tensors: dict[str, Tensor]) -> bytes:
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save_tensors(plain, {"format": "pt"})  # other libraries ask whose tensors they are


def _json(values: dict | list) -> bytes:
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
