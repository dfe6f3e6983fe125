"""`python -m mealrec extract`: clips and titles to a feature store."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.features.catalogue import read_titles
from mealrec.features.distributed import RayConfig
from mealrec.features.extraction import extract
from mealrec.features.hidden import write_hidden
from mealrec.features.items import ExtractConfig
from mealrec.features.store import CLIPS, FRAME_SOURCES, TITLE_SEGMENTS, FeatureStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with titles.csv and clips/<id>.mp4")
    parser.add_argument("--out", type=Path, required=True, help="feature store to write, or to go on with")
    parser.add_argument(
        "--frames",
        choices=FRAME_SOURCES,
        default=CLIPS,
        help="clips: decoded from files; title-segments: the title cut at its hashtags stands in for pixels; "
        "global-visual: each frame repeats the file's row",
    )
    parser.add_argument(
        "--global-visual", type=Path, help=".npy, row i is item i + 1: v of items that have no readable clip"
    )
    parser.add_argument(
        "--hidden-states", action="store_true", help="also write what each layer of the encoders made of every item"
    )
    parser.add_argument(
        "--encoder", default="checkpoints/encoder", help="directory or hub id of an EfficientNet-Lite or a VideoMAE"
    )
    parser.add_argument("--text", default="minilm", help='BERT directory, hub id, or "minilm"')
    parser.add_argument("--num-frames", type=int, default=5, help="frames a clip (K)")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between frames")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--jobs", type=int, default=2, help="clips decoded at a time")
    parser.add_argument("--batch", type=int, help="items a forward pass (8 clips, or 256 titles)")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help='encode on a Ray cluster ("auto", HOST:PORT), or on this machine ("local")'
    )
    parser.add_argument("--workers", type=int, help="actors on Ray (a GPU each where it has some, else --jobs cores)")


def run(arguments: argparse.Namespace) -> int:
    """Extract features of every item; an item whose clip is broken is noted and skipped."""
    config = ExtractConfig(
        frames=arguments.frames,
        encoder=arguments.encoder,
        text=arguments.text,
        num_frames=arguments.num_frames,
        interval_s=arguments.interval,
        device=arguments.device,
        jobs=arguments.jobs,
    )
    titles = read_titles(arguments.data)
    store = extract(
        titles,
        arguments.data,
        arguments.out,
        config,
        batch_size=arguments.batch,
        global_visual=arguments.global_visual,
        ray=RayConfig(arguments.ray, arguments.workers) if arguments.ray else None,
    )
    print(summary(store))
    if arguments.hidden_states:
        hidden = write_hidden(titles, arguments.data, arguments.out, config)
        print(", ".join(f"{name} hidden states {list(getattr(hidden, name).shape)}" for name in ("visual", "text")))
    return 0


def summary(store: FeatureStore) -> str:
    """Return how many items have what, and why each broken clip is broken."""
    manifest, items, seen = store.manifest, len(store.item_ids), int(store.has_frames.sum())
    if manifest["frames"] == TITLE_SEGMENTS:
        return f"{seen} titles in {manifest['num_frames']} segments, {items - seen} empty"
    failures, given = manifest["failures"], int(store.has_visual.sum()) - seen
    line = f"{seen} clips, {items - seen - len(failures)} without a file, {len(failures)} unreadable"
    if given:
        line += f"; {given} of them with features of {manifest['encoders']['global_visual']['name']} in every frame"
    return "\n".join([line, *(f"  {item_id}: {reason}" for item_id, reason in failures.items())])
