"""`python -m mealrec fetch`: MicroLens's official files, and clips of chosen items."""

from __future__ import annotations

import argparse
from pathlib import Path

from mealrec.data.catalogue import CLIP_FOLDER, clip_ids
from mealrec.data.fetching.download import Patience
from mealrec.data.fetching.files import (
    fetch_files,
    missing_bytes,
    require_space,
    split_parts,
    unpack_covers,
)
from mealrec.data.fetching.layout import (
    LAYOUTS,
    Layout,
    RemoteFile,
    check_address,
    most_watched,
    read_ids,
)
from mealrec.errors import FetchError
from mealrec.video.fetch_clips import ASSUMED_CLIP_BYTES, ClipFetcher, missing_clips

EXTRAS = ("covers", "features", "frames")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    add = parser.add_argument
    add("dataset", choices=sorted(LAYOUTS), help="which dataset")
    add("--out", type=Path, required=True, help="folder to fill, or to go on with")
    add("--covers", action="store_true", help="the covers' archive too, unpacked")
    add("--features", action="store_true", help="the ready VideoMAE features too (microlens-100k)")
    add(
        "--frames", action="store_true", help="the ready frame archives too (microlens-100k, 19 GB)"
    )
    add(
        "--clips",
        metavar="N|FILE",
        help="clips of the N most watched items, or of the ids in a file",
    )
    add("--keep-original", action="store_true", help="keep the clips as they came in originals/")
    add("--jobs", type=int, default=2, help="clips transcoded at a time")
    add("--base-url", help="another address of the same files, such as a mirror")


def run(arguments: argparse.Namespace, patience: Patience | None = None) -> int:
    """Fetch what is asked for and not there yet; a clip that fails is named and skipped."""
    layout = LAYOUTS[arguments.dataset]
    out = arguments.out
    patience = patience or Patience()
    address = check_address(arguments.base_url or layout.address)

    # What is asked for?
    files = [*layout.tables, *_extras(arguments, layout)]
    count, listed = _clips(arguments)
    if arguments.jobs < 1:
        raise FetchError(f"--jobs must be 1 or more, got {arguments.jobs}")

    # Room for all of it.
    clips = max(0, count - len(clip_ids(out)))
    if listed:
        clips = len(missing_clips(out, listed))
    copies = 2 if arguments.keep_original else 1
    require_space(out, missing_bytes(address, files, out) + clips * ASSUMED_CLIP_BYTES * copies)

    # Tables and archives.
    absent = fetch_files(address, files, out, patience)
    if absent:
        print(f"Did not come, and is not needed:\n{absent}")
    if arguments.covers:
        archive = out / layout.covers.path
        print(f"{unpack_covers(archive):,} covers in {archive.with_suffix('')}")
    if arguments.frames:
        parts = split_parts(layout.frames, out)
        require_space(out, missing_bytes(address, parts, out))
        fetch_files(address, parts, out, patience)

    # Clips, one by one.
    if arguments.clips is not None:
        wanted = listed or most_watched(out / layout.pairs, count)
        folder = f"{address}{layout.clip_folder}/"
        fetcher = ClipFetcher(folder, out, arguments.keep_original, patience)
        failures = fetcher.fetch_all(missing_clips(out, wanted), arguments.jobs)
        came = len(wanted) - len(failures)
        print(f"{came} of {len(wanted)} clips in {out / CLIP_FOLDER}")
        for item_id, reason in failures.items():
            print(f"  {item_id}: {reason}")
    print(f"{arguments.dataset} is in {out}")
    return 0


def _extras(arguments: argparse.Namespace, layout: Layout) -> list[RemoteFile]:
    """Return the files of the chosen options, or raise FetchError for one that is not offered."""
    files = []
    for name in EXTRAS:
        if not getattr(arguments, name):
            continue
        file = getattr(layout, name)
        if file is None:
            offering = [key for key, other in LAYOUTS.items() if getattr(other, name) is not None]
            raise FetchError(
                f"{arguments.dataset} is published without --{name}; {', '.join(offering)} has them"
            )
        files.append(file)
    return files


def _clips(arguments: argparse.Namespace) -> tuple[int, tuple[str, ...]]:
    """Return --clips as (number of the most watched, listed ids): one of them is empty."""
    if arguments.clips is None:
        return 0, ()
    if not arguments.clips.isdecimal():
        return 0, read_ids(Path(arguments.clips))
    count = int(arguments.clips)
    if count < 1:
        raise FetchError("--clips must be 1 or more, or a file of ids")
    return count, ()
