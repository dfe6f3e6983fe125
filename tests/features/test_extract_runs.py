"""Whole runs of `extract` in processes of their own: killed and begun again, and spread over Ray's actors."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mealrec.data.catalogue import read_catalogue
from mealrec.errors import DataFormatError
from mealrec.features import items
from mealrec.features.distributed import RayConfig, encoded_on_ray, join
from mealrec.features.extraction import extract
from mealrec.features.items import ExtractConfig
from mealrec.features.store import DONE, MANIFEST, FeatureStore, layout_of, open_arrays, read_manifest
from mealrec.video.frames import sample_frames

ROOT = Path(__file__).resolve().parents[2]
ARRAYS = ("frames", "global_visual", "text", "times_s", "has_visual", "has_text", "has_frames")


def begin(catalogue, encoder_path, bert_path, out, *options, **environment) -> subprocess.Popen:
    sources = ["--data", catalogue, "--encoder", encoder_path, "--text", bert_path, "--out", out, "--device", "cpu"]
    return subprocess.Popen(
        [sys.executable, "-m", "mealrec", "extract", *map(str, sources), "--jobs", "1", *options],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def at_once(catalogue, encoder_path, bert_path, out) -> FeatureStore:
    config = ExtractConfig(encoder=str(encoder_path), text=str(bert_path), device="cpu")
    return extract(read_catalogue(catalogue, needs_clicks=False).titles, catalogue, out, config)


def assert_same(store: FeatureStore, other: FeatureStore) -> None:
    assert store.item_ids == other.item_ids and store.manifest["failures"] == other.manifest["failures"]
    for name in ARRAYS:
        assert np.allclose(getattr(store, name), getattr(other, name), atol=1e-5), name


def test_a_killed_run_goes_on_where_it_was(catalogue, encoder_path, bert_path, tmp_path, monkeypatch):
    ids = [str(number) for number in range(20, 32)]
    with (catalogue / "titles.csv").open("a") as titles:
        titles.writelines(f"{item_id},rocket {item_id}\n" for item_id in ids)
    for item_id in ids:
        shutil.copy(catalogue / "clips" / "7.mp4", catalogue / "clips" / f"{item_id}.mp4")
    out = tmp_path / "killed"
    with begin(catalogue, encoder_path, bert_path, out, "--batch", "1") as process:
        while not (finished := done_rows(out)):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    finished = done_rows(out)
    assert 0 < len(finished) < 14

    decoded, worded = [], []
    encode = items.TextEncoder.encode
    monkeypatch.setattr(items, "sample_frames", lambda p, **s: decoded.append(p.stem) or sample_frames(p, **s))
    monkeypatch.setattr(items.TextEncoder, "encode", lambda self, t: worded.extend(t) or encode(self, t))
    store = at_once(catalogue, encoder_path, bert_path, out)
    assert not finished & set(decoded) and len(decoded) == 15 - len(finished)
    assert worded and not {read_catalogue(catalogue, needs_clicks=False).titles[item_id] for item_id in finished} & set(
        worded
    )
    assert_same(store, at_once(catalogue, encoder_path, bert_path, tmp_path / "whole"))


def done_rows(out) -> set[str]:
    """Return the items whose clip the store holds already."""
    if not (out / MANIFEST).is_file():
        return set()
    layout = layout_of(read_manifest(out))
    states = open_arrays(out, layout, mode="r")["clip_state"]
    return {layout.item_ids[row] for row in np.flatnonzero(states == DONE)}


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (requirements-scale.txt)")
def test_two_workers_of_ray_make_the_same_store(catalogue, encoder_path, bert_path, tmp_path):
    mark, out = uuid.uuid4().hex, tmp_path / "ray"
    options = ("--batch", "1", "--ray", "local", "--workers", "2")
    with begin(catalogue, encoder_path, bert_path, out, *options, MARK=mark) as process:
        output = process.communicate(timeout=600)[0]
    assert process.returncode == 0, output
    assert "2 clips, 1 without a file, 1 unreadable" in output
    assert_same(FeatureStore.open(out), at_once(catalogue, encoder_path, bert_path, tmp_path / "here"))
    assert not alive(mark, within_s=20)


def alive(mark: str, within_s: float) -> list[str]:
    """Return the command lines of processes that carry the mark in their environment and do not end in time."""
    for _ in range(int(within_s * 10)):
        left = [p.parent for p in Path("/proc").glob("[0-9]*/environ") if mark.encode() in read(p)]
        if not left:
            return []
        time.sleep(0.1)
    return [read(process / "cmdline").decode() for process in left]


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it ended meanwhile, or is another user's
        return b""


def test_ray_that_does_not_start_is_an_error_in_words(monkeypatch):
    def init(**_):
        raise TimeoutError("the head node did not answer\nand a long log")

    ray = SimpleNamespace(init=init)
    with pytest.raises(DataFormatError, match=r"did not start here \(the head node did not answer\): try again"):
        join(ray, ExtractConfig(), RayConfig("local"))


def test_ray_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DataFormatError, match="requirements-scale.txt"):
        list(encoded_on_ray(None, ExtractConfig(), RayConfig("local"), [{"row": np.arange(1)}]))
