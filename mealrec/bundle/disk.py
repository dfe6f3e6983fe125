"""A bundle on disk: JSON and safetensors, listed with their checksums in one manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from mealrec.bundle.checks import check
from mealrec.bundle.contents import BundleContents, check_encoder
from mealrec.bundle.manifest import (
    CARD,
    CATALOGUE,
    ENCODERS,
    FEATURES,
    FORMAT_VERSION,
    KINDS,
    MANIFEST,
    MEDIA,
    REBUILD,
    TEST_VIEWERS,
    VIEWERS,
    ExampleViewer,
    ViewerCase,
    items_from,
    misfit,
    project_path,
    read_manifest,
    weights_file,
)
from mealrec.errors import BundleError
from mealrec.explain.served import FORMS, Config, config_of
from mealrec.explain.trace import Face, Kind
from mealrec.features.tensors import Normalisation
from mealrec.types import ItemFeatures
from mealrec.writing import whole_folder

DIMS = ("num_items", "visual_width", "text_width", "num_frames", "num_kinds", "max_length")
# What stands in the manifest as it is in the contents.
PLAIN = ("name", "created_with", "encoders", "media", "interval_s", "metrics", "training")


def write_bundle(
    path: str | Path, contents: BundleContents, place: Callable[[Path], None] = lambda folder: None
) -> None:
    """Write a checked bundle; an older bundle at `path` is replaced only when the new one is whole.

    `place(folder)` puts media/ and encoders/ into the folder that is about to become the bundle.
    Raises BundleError where the contents do not fit each other, or `path` holds something else.
    """
    path = Path(path)
    check(contents)
    is_used = path.is_file() or (path.is_dir() and any(path.iterdir()))
    if is_used and not (path / MANIFEST).is_file():
        raise BundleError(
            f"{path} is no bundle (it has no {MANIFEST}): choose an empty or new folder to write "
            "to."
        )

    # All files are made before the first is written.
    files = {
        CATALOGUE: _json([vars(item) for item in contents.catalogue]),
        VIEWERS: _json([vars(viewer) for viewer in contents.viewers]),
        KINDS: _json([asdict(kind) for kind in contents.kinds]),
        FEATURES: _safetensors(contents.tensors()),
    }
    for variant, (_, weights) in contents.models.items():
        files[weights_file(variant)] = _safetensors(weights)
    if contents.test_viewers:
        files[TEST_VIEWERS] = _json([vars(viewer) for viewer in contents.test_viewers])
    files[MANIFEST] = _json(_manifest(contents, files))

    # A run that is stopped leaves the older bundle as it was.
    with whole_folder(path) as draft:
        for name, data in files.items():
            file = draft / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        place(draft)


def read_bundle(path: str | Path) -> BundleContents:
    """Read a bundle whole, after checking its version, files, checksums, shapes and encoder.

    Raises BundleError naming what does not fit and what to do; nothing is returned half-loaded.
    """
    return read_contents(path, read_manifest(path))


def read_contents(path: str | Path, manifest: dict) -> BundleContents:
    """Read what a bundle's manifest, read already, lists: see `read_bundle`."""
    path = Path(path)
    try:
        # The parts, whether they fit each other, and whether what lies outside is there.
        contents = _contents(manifest, _read_files(path, manifest["files"]))
        check(contents)
        for encoder in contents.encoders.values():
            check_encoder(path, encoder)
        project_path(path, contents.media)
    except BundleError:
        raise
    # What no check names: a form that another version writes.
    except (
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        RuntimeError,
        SafetensorError,
    ) as error:
        raise misfit(
            f"{path} was made by another version ({type(error).__name__}: {error})"
        ) from error
    return contents


def _manifest(contents: BundleContents, files: dict[str, bytes]) -> dict:
    # The sizes are the first model's; features and kinds fix most of them for all.
    config = next(iter(contents.models.values()))[0]
    return {
        "format_version": FORMAT_VERSION,
        "name": contents.name,
        "created_with": contents.created_with,
        "dims": {name: getattr(config, name) for name in DIMS},
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
    """Return the bytes of exactly the listed files, each checked."""
    # The folder holds what is listed, and nothing else.
    files = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
    present = {file.as_posix() for file in files if file.parts[0] not in (MEDIA, ENCODERS)}
    missing = listed.keys() - present
    if missing:
        raise BundleError(
            f"{path} lacks {', '.join(sorted(missing))}: copy the whole folder again, or {REBUILD}."
        )
    unknown = present - listed.keys() - {MANIFEST, CARD}
    if unknown:
        raise BundleError(
            f"{path} also holds {', '.join(sorted(unknown))}, which {MANIFEST} does not list: "
            "move it away."
        )

    # Every file is as it was written.
    found = {}
    for name, entry in listed.items():
        data = (path / name).read_bytes()
        if len(data) != entry["bytes"] or _sha256(data) != entry["sha256"]:
            raise BundleError(
                f"{path / name} is damaged (its checksum differs): copy it again, or {REBUILD}."
            )
        found[name] = data
    return found


def _contents(manifest: dict, files: dict[str, bytes]) -> BundleContents:
    # The models, each with a file of weights; no file is left over.
    models = {}
    for variant, values in manifest["models"].items():
        weights = load_tensors(files[weights_file(variant)])
        models[variant] = (_config(variant, values), weights)
    known = {CATALOGUE, VIEWERS, TEST_VIEWERS, KINDS, FEATURES, *map(weights_file, models)}
    stray = files.keys() - known
    if stray:
        raise misfit(f"The manifest lists {', '.join(sorted(stray))}, which belong to no variant")

    # The rest of the files, and what the manifest says itself.
    tensors = load_tensors(files[FEATURES])
    return BundleContents(
        catalogue=items_from(files[CATALOGUE]),
        viewers=_viewers(ExampleViewer, files[VIEWERS]),
        test_viewers=_viewers(ViewerCase, files.get(TEST_VIEWERS, b"[]")),
        models=models,
        kinds=tuple(_kind(values) for values in json.loads(files[KINDS])),
        features=_part(ItemFeatures, tensors),
        times_s=tensors["times_s"],
        normalisation=_part(Normalisation, tensors),
        **{name: manifest[name] for name in PLAIN},
    )


def _part(form: type, tensors: dict[str, Tensor]):
    return form(**{field.name: tensors[field.name] for field in fields(form)})


def _viewers(form: type, data: bytes) -> tuple:
    found = []
    for viewer in json.loads(data):
        viewer["history"] = tuple(viewer["history"])  # JSON knows lists alone
        found.append(form(**viewer))
    return tuple(found)


def _config(variant: str, values: dict) -> Config:
    config = config_of(values)
    if config is None:
        raise misfit(f"{variant} is no model of the forms that are served here, {', '.join(FORMS)}")
    return config


def _kind(values: dict) -> Kind:
    lists = {name: tuple(values[name]) for name in ("words", "sights", "place")}
    faces = tuple(Face(**face) for face in values["faces"])
    return Kind(**values | lists | {"faces": faces})


def _safetensors(tensors: dict[str, Tensor]) -> bytes:
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return save_tensors(plain, {"format": "pt"})  # other libraries ask whose tensors they are


def _json(values: dict | list) -> bytes:
    return (json.dumps(values, indent=1, ensure_ascii=False) + "\n").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
