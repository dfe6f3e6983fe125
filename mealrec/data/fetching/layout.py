"""Which files MicroLens publishes, where, and what is known of them.

A file keeps its official name on disk, so that `prepare` and `read_catalogue` find it; a clip
becomes clips/<id>.mp4.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mealrec.data.tables import read_lines
from mealrec.errors import DataFormatError, FetchError

# The only form in which an id from a file becomes part of a path or an address.
ITEM_ID = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True)
class RemoteFile:
    """One official file: its path below the address and below --out, size and sha256 where known.

    Without a file that is not `needed`, all verbs still work.
    """

    path: str
    size: int | None = None
    sha256: str | None = None
    needed: bool = True


@dataclass(frozen=True)
class Layout:
    """What one dataset offers; `frames` names a split archive's last part."""

    address: str
    tables: tuple[RemoteFile, ...]
    pairs: str
    clip_folder: str
    covers: RemoteFile | None = None
    frames: RemoteFile | None = None
    features: RemoteFile | None = None


LAYOUTS = {
    "microlens-50k": Layout(
        address="https://recsys.westlake.edu.cn/MicroLens-50k-Dataset/",
        tables=(
            RemoteFile(
                "MicroLens-50k_pairs.csv",
                9_431_093,
                "7ff8b91bcc84f5434ac2c5be7d0b7d7730f5e84f79f9648b5ae67a7641f97bbd",
            ),
            RemoteFile(
                "MicroLens-50k_pairs.tsv",
                2_295_542,
                "46be22f478aa891b9c2a4b357c1df2ac2478793a99d58d07336e6277b6bf426d",
            ),
            RemoteFile(
                "MicroLens-50k_titles.csv",
                2_392_145,
                "244aad5380cbbe0fb43458cfcda5ebe820f534384602f80a64dbbcd07dd30e49",
            ),
            RemoteFile("MicroLens-50k_likes_and_views.txt", needed=False),
        ),
        pairs="MicroLens-50k_pairs.tsv",
        clip_folder="MicroLens-50k_videos",
        covers=RemoteFile("MicroLens-50k_covers.zip"),
    ),
    "microlens-100k": Layout(
        address="https://recsys.westlake.edu.cn/MicroLens-100k-Dataset/",
        tables=(
            RemoteFile("MicroLens-100k_pairs.csv"),
            RemoteFile("MicroLens-100k_pairs.tsv"),
            RemoteFile("MicroLens-100k_title_en.csv"),
            RemoteFile("MicroLens-100k_likes_and_views.txt", needed=False),
            RemoteFile("tags_to_summary.csv", needed=False),
        ),
        pairs="MicroLens-100k_pairs.tsv",
        clip_folder="MicroLens-100k_videos",
        covers=RemoteFile("MicroLens-100k_covers.zip"),
        frames=RemoteFile("MicroLens-100k_frames_interval_1_number_5.zip"),
        features=RemoteFile(
            "extracted_modality_features/MicroLens-100k_video_features_VideoMAE.npy"
        ),
    ),
}


def check_address(address: str) -> str:
    """Return a plain http(s) address with one slash at its end, or raise FetchError."""
    # File names are put behind it, so that neither a query nor a fragment may end it.
    is_plain = address.isascii() and address.isprintable() and " " not in address
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_plain = is_plain and not parts.query and not parts.fragment
    except ValueError:
        is_web = False
    if not (is_web and is_plain):
        raise FetchError(
            "--base-url must look like https://mirror.example/MicroLens-50k-Dataset/, got "
            f"{address!r}"
        )
    return address.rstrip("/") + "/"


def check_id(text: str, where: str) -> str:
    """Return an item id of digits; raises DataFormatError that names the place of any other."""
    if not ITEM_ID.fullmatch(text):
        raise DataFormatError(
            f"{where}: an item id of at most nine digits was expected, got {text[:40]!r}"
        )
    return text


def read_ids(path: Path) -> tuple[str, ...]:
    """Return the item ids in a file, white space between them, each once.

    Raises DataFormatError for anything else.
    """
    # A dict keeps their order.
    ids: dict[str, None] = {}
    try:
        for number, line in read_lines(path):
            for word in line.split():
                ids[check_id(word, f"{path}, line {number}")] = None
    except OSError as error:
        raise DataFormatError(f"{path} cannot be read as a list of item ids: {error}") from error
    if not ids:
        raise DataFormatError(f"{path} holds no item id: write one a line")
    return tuple(ids)


def most_watched(pairs: Path, count: int) -> tuple[str, ...]:
    """Return the `count` most viewed items of a `*_pairs.tsv`; of equals the lower id first."""
    views: Counter[str] = Counter()
    for _, line in read_lines(pairs):
        views.update(line.partition("\t")[2].split())
    if not views:
        raise DataFormatError(f"{pairs} holds no line of the form user<TAB>item item ...")

    # Ids of like length are compared as texts, which is by value.
    ranked = sorted(views, key=lambda item: (-views[item], len(item), item))
    return tuple(check_id(item, pairs.name) for item in ranked[:count])
