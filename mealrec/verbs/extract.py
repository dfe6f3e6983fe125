"""`python -m mealrec extract`: clips and titles to a feature store."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from mealrec.data.catalogue import Catalogue, clip_ids, foreign_clips, read_catalogue
from mealrec.data.tables import FILE_NAME
from mealrec.errors import DataFormatError
from mealrec.features.distributed import RayConfig, encoded_on_ray
from mealrec.features.extraction import extract
from mealrec.features.hidden_writer import write_hidden
from mealrec.features.items import ExtractConfig
from mealrec.features.store import CLIPS, FRAME_SOURCES, TITLE_SEGMENTS, FeatureStore
from mealrec.features.text import unread
from mealrec.shipped import ENCODER, shipped

STOPPED = "stopped; what is encoded is kept: run the same command again to go on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder with titles.csv and clips/<id>.mp4")
    add("--out", type=Path, required=True, help="feature store to write, or to go on with")
    add(
        "--frames",
        choices=FRAME_SOURCES,
        default=CLIPS,
        help="clips: decoded from files; title-segments: the title cut at its hashtags stands in "
        "for pixels; global-visual: each frame repeats the file's row",
    )
    add(
        "--global-visual",
        type=Path,
        help=".npy, row i is item i + 1: v of items that have no readable clip",
    )
    add(
        "--hidden-states",
        action="store_true",
        help="also write what each layer of the encoders made of every item",
    )
    add(
        "--encoder",
        default=str(shipped(ENCODER)),
        help="directory or hub id of an EfficientNet-Lite or a VideoMAE",
    )
    add("--text", default="minilm", help='BERT directory, hub id, or "minilm"')
    add("--num-frames", type=int, default=5, help="frames a clip (K)")
    add("--interval", type=float, default=1.0, help="seconds between frames")
    add("--device", default="auto", help="cpu, cuda or auto")
    add("--jobs", type=int, default=2, help="clips decoded at a time")
    add("--batch", type=int, help="items a forward pass (8 clips, or 256 titles)")
    add(
        "--ray",
        metavar="ADDRESS",
        help='encode on a Ray cluster ("auto", HOST:PORT), or on this machine ("local")',
    )
    add(
        "--workers",
        type=int,
        help="actors on Ray (a GPU each where it has some, else --jobs cores)",
    )


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
    data = arguments.data
    catalogue = read_catalogue(data, needs_clicks=False)
    check_files(catalogue, data, arguments.frames)
    notes = catalogue.told(data)
    if notes:
        print(notes, flush=True)

    # Features, here or on a cluster.
    on_ray = None
    if arguments.ray:
        cluster = RayConfig(arguments.ray, arguments.workers)
        on_ray = partial(encoded_on_ray, data, config, cluster)
    store = extract(
        catalogue.titles,
        data,
        arguments.out,
        config,
        batch_size=arguments.batch,
        global_visual=arguments.global_visual,
        encode_elsewhere=on_ray,
    )
    print(summary(store))
    unknown = unread_titles(catalogue.titles, arguments.text)
    if unknown:
        print(unknown)

    # What each layer made, for baselines that stand on it.
    if arguments.hidden_states:
        hidden = write_hidden(catalogue.titles, data, arguments.out, config)
        visual = list(hidden.visual.shape)
        text = list(hidden.text.shape)
        print(f"visual hidden states {visual}, text hidden states {text}")
    return 0


def check_files(catalogue: Catalogue, data: Path, frames: str) -> None:
    """Raise DataFormatError where an id cannot name a clip, or no clip in clips/ is an item's."""
    # Ids become names of files.
    odd = [item for item in catalogue.item_ids if not FILE_NAME.fullmatch(item)]
    if odd:
        raise DataFormatError(
            f"{data}: expected item ids that can name files (1 to 64 of a-z, 0-9, _ . and -), got "
            f"{odd[0]!r} and {len(odd) - 1} more: rename them in every file."
        )
    if frames != CLIPS:
        return

    # Files that belong to nobody mean that they were named by other ids.
    clips = clip_ids(data)
    if clips and clips.isdisjoint(catalogue.item_ids):
        raise foreign_clips(data, clips, catalogue.item_ids[0], "an item")


def unread_titles(titles: dict[str, str], encoder: str) -> str:
    """Return a line on the titles in which the text encoder knows no letter, "" without any."""
    lost = unread(encoder, list(titles.values()))
    found = [item for item, is_lost in zip(titles, lost, strict=True) if is_lost]
    if not found:
        return ""
    return (
        f"{len(found)} titles ({found[0]} first) are written in letters that the text encoder "
        f"{encoder} does not know: they all read alike to it; name another with --text, such as "
        "bert-base-multilingual-cased"
    )


def summary(store: FeatureStore) -> str:
    """Return how many items have what, and why each broken clip is broken."""
    # What the frames are made of decides what can be missing.
    manifest = store.manifest
    items = len(store.item_ids)
    seen = int(store.has_frames.sum())
    if manifest["frames"] == TITLE_SEGMENTS:
        return f"{seen} titles in {manifest['num_frames']} segments, {items - seen} empty"
    failures = manifest["failures"]
    absent = items - seen - len(failures)
    line = f"{seen} clips, {absent} without a file, {len(failures)} unreadable"
    given = int(store.has_visual.sum()) - seen
    if given:
        name = manifest["encoders"]["global_visual"]["name"]
        line += f"; {given} of them with features of {name} in every frame"
    return "\n".join([line, *(f"  {item_id}: {reason}" for item_id, reason in failures.items())])
