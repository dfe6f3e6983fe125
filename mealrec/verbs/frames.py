"""`python -m mealrec frames`: which moments of a video the model sees, and as what."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from PIL import Image

from mealrec.recommender.recommender import Recommender
from mealrec.recommender.uploads import Upload, quiet_transformers
from mealrec.shipped import DEFAULT_BUNDLE, shipped


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("file", type=Path, help="a video")
    add(
        "--out", type=Path, help="folder to write the moments to, as PNG (default: none is written)"
    )
    add("--bundle", type=Path, default=shipped(DEFAULT_BUNDLE), help="default: %(default)s")
    add("--device", default="auto", help="cpu, cuda or auto (default: %(default)s)")
    add(
        "--json", action="store_true", help="print what /encode answers (docs/api.md) and the files"
    )


def run(arguments: argparse.Namespace) -> int:
    """Sample, encode, print; write the pictures where a folder is named."""
    recommender = Recommender.from_bundle(arguments.bundle, arguments.device)
    quiet_transformers()
    upload = recommender.encode_upload(arguments.file)
    files = _written(recommender, arguments.file, arguments.out) if arguments.out else []
    if arguments.json:
        answer = upload.to_dict() | {"files": [str(path) for path in files]}
        print(json.dumps(answer, ensure_ascii=False))
    else:
        print(_table(upload, files))
    return 0


def _written(recommender: Recommender, file: Path, folder: Path) -> list[Path]:
    """Write each moment in its own size, named by its place and second."""
    sampled = recommender.media.sampled(file)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    moments = zip(sampled.times_s, sampled.frames, strict=True)
    for place, (time, frame) in enumerate(moments, start=1):
        path = folder / f"{place}-at-{time:.2f}s.png"
        Image.fromarray(frame).save(path)
        paths.append(path)
    return paths


def _table(upload: Upload, files: list[Path]) -> str:
    lines = ["Moments (time, likeness to the catalogue's nearest frame, what the encoder calls it)"]
    named = upload.sights or ((),) * len(upload.times_s)
    for time, likeness, sights in zip(upload.times_s, upload.likeness, named, strict=True):
        words = ", ".join(f"{sight.name} {sight.chance:.1%}" for sight in sights)
        lines.append(f"  {time:7.2f} s  {likeness:6.1%}  {words}".rstrip())

    # What in the catalogue it is like.
    if upload.resembles is False:
        lines.append("Nothing in this catalogue looks much like this clip.")
    lines.append("Closest clips (how alike they look)")
    for item in upload.nearest:
        lines.append(f"  {max(0.0, item.score):6.1%}  {item.item_id:>6}  {item.title}")
    lines += [f"wrote {path}" for path in files]
    return "\n".join(lines)
