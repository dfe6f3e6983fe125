"""Whether browsers play a clip: the codec that an MP4 file names, read from its boxes without
any decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PLAYABLE = {b"avc1", b"avc3", b"av01", b"vp09"}
"""H.264, AV1, VP9. HEVC (hvc1, hev1) plays on some devices only."""

_TO_SAMPLES = (b"mdia", b"minf", b"stbl", b"stsd")
_STSD_HEAD = 8  # version, flags and the number of entries come before the first entry


def plays_in_browsers(path: Path) -> bool:
    """Return whether a file is an MP4 that holds video of a codec that all browsers play, and of
    no other."""
    codecs = video_codecs(path)
    return bool(codecs & PLAYABLE) and not codecs - PLAYABLE


def video_codecs(path: Path) -> set[bytes]:
    """Return the four-letter codecs of an MP4's video tracks; none for a file of another kind."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        return {
            codec
            for track in _boxes(file, 0, end, (b"moov", b"trak"))
            if _is_video(file, track)
            for start, stop in _boxes(file, *track, _TO_SAMPLES)
            for codec, _, _ in _children(file, start + _STSD_HEAD, stop)
        }


def _is_video(file: BinaryIO, track: tuple[int, int]) -> bool:
    for start, _ in _boxes(file, *track, (b"mdia", b"hdlr")):
        file.seek(start + 8)
        return file.read(4) == b"vide"
    return False


def _boxes(
    file: BinaryIO, start: int, stop: int, path: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Yield where the content of every box at a path of names begins and ends."""
    for name, inner, end in _children(file, start, stop):
        if name == path[0]:
            if path[1:]:
                yield from _boxes(file, inner, end, path[1:])
            else:
                yield inner, end


def _children(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, beginning and end of the boxes that lie side by side; a broken size ends them."""
    while start + 8 <= stop:
        file.seek(start)
        head = file.read(16)
        size, inner = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:  # a 64-bit size follows the name
            size, inner = int.from_bytes(head[8:16], "big"), start + 16
        elif size == 0:  # the last box reaches to the end
            size = stop - start
        end = start + size
        if end > stop or end < inner:
            return
        yield head[4:8], inner, end
        start = end
