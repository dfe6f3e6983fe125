"""Every file of a bundle, spoilt in every way that a copy can be: named by its file, never half-loaded."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path

import pytest

from mealrec.bundle.manifest import MANIFEST, read_manifest
from mealrec.recommender.recommender import Recommender
from tests.bundle.spoilt import edit_manifest, refusal
from tests.recommender.tiny_bundle import VARIANTS

FILES = ("catalogue.json", "viewers.json", "test_viewers.json", "kinds.json", "features.safetensors")
LISTED = (*FILES, *(f"variants/{v}.safetensors" for v in VARIANTS))
ENCODER = "../encoder/model.safetensors"


def replace_file(bundle: Path, name: str, data: bytes) -> None:
    """Put other bytes in a file's place and vouch for them in the manifest, as a forger would."""
    (bundle / name).write_bytes(data)
    entry = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    edit_manifest(bundle, lambda manifest: manifest["files"].update({name: entry}))


def safetensors(header: dict, body: bytes = b"", stated: int | None = None) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) if stated is None else stated) + text + body


@pytest.mark.parametrize("name", [*LISTED, ENCODER])
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    assert ("encoder is missing" if name == ENCODER else f"lacks {name}") in refusal(bundle)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("name", [*LISTED, ENCODER])
def test_a_file_cut_short_is_named(bundle, name, share):
    data = (bundle / name).read_bytes()
    (bundle / name).write_bytes(data[: int(len(data) * share)])
    assert Path(name).name in refusal(bundle)


@pytest.mark.parametrize("place", [0, 9, 0.3, -1])
@pytest.mark.parametrize("name", [*LISTED, ENCODER])
def test_a_flipped_bit_is_named(bundle, name, place):
    data = bytearray((bundle / name).read_bytes())
    data[int(place * len(data)) if isinstance(place, float) else place] ^= 4
    (bundle / name).write_bytes(data)
    message = refusal(bundle)
    assert Path(name).name in message
    assert ("not the encoder" if name == ENCODER else "is damaged") in message


@pytest.mark.parametrize("at", range(len(LISTED)))
def test_a_file_swapped_with_another_is_named(bundle, at):
    one, other = bundle / LISTED[at], bundle / LISTED[at - 1]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    assert LISTED[at] in (message := refusal(bundle)) or LISTED[at - 1] in message


@pytest.mark.parametrize("at", range(len(LISTED)))
def test_a_swapped_file_that_the_manifest_vouches_for_still_does_not_fit(bundle, at):
    """Not so for two variants of one shape: their weights differ in value only, which a forger may choose."""
    one, other = LISTED[at], LISTED[at - 1]
    if {one, other} <= {f"variants/{variant}.safetensors" for variant in VARIANTS}:
        other = "features.safetensors"
    replace_file(bundle, one, (bundle / other).read_bytes())
    assert one in refusal(bundle) or "another version" in refusal(bundle)


@pytest.mark.parametrize("copied", range(len(LISTED)))
def test_a_half_copied_folder_is_refused(bundle, tmp_path, copied):
    half = tmp_path / "checkpoints" / "half"
    (half / "variants").mkdir(parents=True)
    for name in (MANIFEST, *LISTED[:copied]):
        shutil.copy(bundle / name, half / name)
    assert f"lacks {min(LISTED[copied:])}" in refusal(half)


@pytest.mark.parametrize("length", [0, 1, 0.5, 0.99])
def test_a_manifest_cut_short_is_named(bundle, length):
    data = (bundle / MANIFEST).read_bytes()
    (bundle / MANIFEST).write_bytes(data[: int(length * len(data)) if length < 1 else length])
    assert MANIFEST in refusal(bundle)


WRONG = (None, 0, -1, 1e400, True, "x", [], {}, ["x"], {"x": None}, "\u0000", [[[]]])
NEEDED = ("name", "created_with", "models", "encoders", "media", "interval_s", "metrics", "training", "files")
FITS = {"name": ("x", "\0"), "created_with": ("x", "\0"), "media": ("x",), "metrics": ({}, {"x": None})}
FITS |= {"training": FITS["metrics"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field in ("format_version", *NEEDED) for value in WRONG if value not in FITS.get(field, ())],
    ids=repr,
)
def test_a_manifest_with_a_wrong_field_is_refused(bundle, field, value):
    edit_manifest(bundle, lambda manifest: manifest.update({field: value}))
    assert (
        field in (message := refusal(bundle))
        or str(bundle) in message
        or message.startswith(("The bundle", "The manifest"))
    )


@pytest.mark.parametrize("field", ["format_version", *NEEDED])
def test_a_manifest_without_a_field_is_refused(bundle, field):
    edit_manifest(bundle, lambda manifest: manifest.pop(field))
    assert field in refusal(bundle) or "format None" in refusal(bundle)


@pytest.mark.parametrize(
    "name", ["../encoder/model.safetensors", "/etc/passwd", "variants/../catalogue.json", "media/x"]
)
def test_the_manifest_lists_files_of_the_bundle_only(bundle, name):
    entry = {"sha256": "0" * 64, "bytes": 1}
    edit_manifest(bundle, lambda manifest: manifest["files"].update({name: entry}))
    assert f"lacks {name}" in refusal(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_link_may_bring_the_very_bytes_that_are_listed_and_no_others(bundle, tmp_path, name):
    """Caches of downloads are made of links."""
    elsewhere = tmp_path / "elsewhere"
    shutil.move(bundle / name, elsewhere)
    (bundle / name).symlink_to(elsewhere)
    Recommender.from_bundle(bundle, device="cpu")
    elsewhere.write_bytes(b"{}")
    assert f"{name} is damaged" in refusal(bundle)


LIES = {
    "too much": safetensors({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}),
    "overflow": safetensors({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 16]}}, bytes(16)),
    "short": safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 8]}}, bytes(8)),
    "negative": safetensors({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}}, bytes(16)),
    "no type": safetensors({"a": {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]}}, bytes(16)),
    "backwards": safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}}, bytes(16)),
    "huge header": safetensors({}, stated=2**63),
    "long header": safetensors({}, stated=100),
    "no tensor": safetensors({}),
    "nothing": b"",
    "pickle": b"\x80\x04\x95" + bytes(40),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("name", ["features.safetensors", "variants/full.safetensors"])
def test_a_tensor_header_that_lies_is_refused_without_allocating(bundle, name, lie):
    replace_file(bundle, name, LIES[lie])
    assert name in refusal(bundle) or "another version" in refusal(bundle)


@pytest.mark.parametrize(
    ("width", "value"),
    [
        ("num_items", 13),
        ("num_items", 10**9),
        ("num_frames", 4),
        ("num_kinds", 10**7),
        ("visual_width", 0),
        ("text_width", -1),
    ],
)
def test_dimensions_that_do_not_fit_the_weights_are_refused(bundle, width, value):
    """A configuration that asks for terabytes is refused before a model of it is built."""
    edit_manifest(bundle, lambda manifest: [config.update({width: value}) for config in manifest["models"].values()])
    assert refusal(bundle)


@pytest.mark.parametrize(("kind", "change"), [("video", {"sha256": "f" * 64}), ("video", {"name": "../media"})])
def test_another_encoder_than_the_features_were_made_with_is_named(bundle, kind, change):
    edit_manifest(bundle, lambda manifest: manifest["encoders"][kind].update(change))
    assert "encoder" in refusal(bundle)


@pytest.mark.parametrize("text", ["7", '{"a": 1}', "null", '[{"item_id": "i1"}]', "[1]", "{", "\udcff"])
@pytest.mark.parametrize("name", ["catalogue.json", "viewers.json", "kinds.json"])
def test_a_list_of_another_form_is_named(bundle, name, text):
    replace_file(bundle, name, text.encode(errors="surrogateescape"))
    assert name in refusal(bundle) or "another version" in refusal(bundle)


def test_an_older_manifest_beside_newer_files_is_refused(bundle):
    assert read_manifest(bundle)["format_version"] == 2
    replace_file(bundle, "catalogue.json", (bundle / "catalogue.json").read_bytes().replace(b"title of", b"Title of"))
    older = json.loads((bundle / MANIFEST).read_text())
    older["files"]["catalogue.json"]["sha256"] = "0" * 64
    (bundle / MANIFEST).write_text(json.dumps(older))
    assert "catalogue.json is damaged" in refusal(bundle)
