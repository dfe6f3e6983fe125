"""`python -m mealrec frames`: which moments of a video the model sees, and what its encoder
makes of them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from PIL import Image

from mealrec.recommender.recommender import Recommender
from mealrec.recommender.uploads import Upload
from mealrec.shipped import DEFAULT_BUNDLE, shipped
from mealrec.verbs.recommend import quiet_transformers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("file", type=Path, help="a video")
    parser.add_argument(
        "--out", type=Path, help="folder to write the moments to, as PNG (default: none is written)"
    )
    parser.add_argument(
        "--bundle", type=Path, default=shipped(DEFAULT_BUNDLE), help="default: %(default)s"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default: %(default)s)")
    parser.add_argument(
        "--json", action="store_true", help="print what /encode answers (docs/api.md) and the files"
    )


def run(arguments: argparse.Namespace) -> int:
    """Sample, encode, print; write the pictures where a folder is named."""
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    quiet_transformers()
    upload = recommender.encode_upload(arguments.file)
    files = _written(recommender, arguments.file, arguments.out) if arguments.out else []
    if arguments.json:
        json.dump(
            upload.to_dict() | {"files": [str(path) for path in files]},
            sys.stdout,
            ensure_ascii=False,
        )
        print()
    else:
        print(_table(upload, files))
    return 0


def _written(recommender: Recommender, file: Path, folder: Path) -> list[Path]:
    """Write each moment in its own size, named by its place and second."""
    sampled = recommender.media.sampled(file)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        folder / f"{place}-at-{time:.2f}s.png"
        for place, time in enumerate(sampled.times_s, start=1)
    ]
    for path, frame in zip(paths, sampled.frames, strict=True):
        Image.fromarray(frame).save(path)
    return paths


def _table(upload: Upload, files: list[Path]) -> str:
    lines = ["Moments (time, likeness to the catalogue's nearest frame, what the encoder calls it)"]
    named = upload.sights or ((),) * len(upload.times_s)
    for time, likeness, sights in zip(upload.times_s, upload.likeness, named, strict=True):
        words = ", ".join(f"{sight.name} {sight.chance:.1%}" for sight in sights)
        lines.append(f"  {time:7.2f} s  {likeness:6.1%}  {words}".rstrip())
    if upload.resembles is False:
        lines.append("Nothing in this catalogue looks much like this clip.")
    lines.append("Closest clips (how alike they look)")
    lines += [
        f"  {max(0.0, item.score):6.1%}  {item.item_id:>6}  {item.title}" for item in upload.nearest
    ]
    return "\n".join([*lines, *(f"wrote {path}" for path in files)])
