"""What a file is, told from its bytes without any decoder, whatever its name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mealrec.errors import VideoError
from mealrec.video.limits import DecodeLimits

SHOWN_NAME = 60  # letters of a file's name
HEAD_BYTES = 4096  # enough for twenty packets of a transport stream
ACCEPTED = "MP4, MOV, WebM, MKV, AVI, MPEG-TS or GIF"
EBML = b"\x1a\x45\xdf\xa3"
# The first boxes of QuickTime files from before `ftyp` was thought of.
QUICKTIME_FIRST = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# The first byte of a box of 256 MiB; a text's first byte is greater, or a line end.
LONGEST_FIRST = 0x0F
SYNC = 0x47
# Bytes a packet: plain, with a camcorder's time code before each, with a checksum after it.
TS_PACKETS = (188, 192, 204)
TS_SEEN = 3  # packets in a row: in fewer a sync byte may stand by chance
SCRAMBLED = 0x80  # of a transport packet's fourth byte
# Of Matroska: ContentEncodings, ContentEncoding, and the encryption in it.
CONTENT_ENCODINGS = b"\x6d\x80"
CONTENT_ENCODING = b"\x62\x40"
CONTENT_ENCRYPTION = b"\x50\x35"
STILLS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
# Brands of one picture. Those of sequences (avis, hevc, hevx, msf1) move, or are found to hold one
# frame later.
STILL_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2"), "HEIC"),
    b"avif": "AVIF",
    b"crx ": "CR3",
}
# H.264, AV1, VP9. HEVC (hvc1, hev1) plays on some devices only.
PLAYABLE = {b"avc1", b"avc3", b"av01", b"vp09"}


def check_file(path: Path, limits: DecodeLimits) -> str:
    """Check size and first bytes, and return the name of the one demuxer that may open the file.

    Naming the demuxer matters: a decoder that guesses would open a playlist renamed to .mp4, and
    with it whatever local file the playlist names.

    Raises VideoError for a missing, empty, too large, scrambled or non-video file, stills among
    them.
    """
    # Is it there, and not too large?
    name = shown_name(path)
    if not path.is_file():
        raise VideoError(f"There is no file {name}: choose a video file ({ACCEPTED}).")
    size = path.stat().st_size
    if size == 0:
        raise VideoError(f"{name} is empty: the upload may have been cut off, try it again.")
    if size > limits.max_bytes:
        raise VideoError(
            f"{name} has {_mib(size)} and the limit is {_mib(limits.max_bytes)}: choose a shorter "
            "or smaller clip."
        )

    # What its first bytes announce.
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    still = still_format(head)
    if still is not None:
        raise VideoError(
            f"{name} is a picture ({still}), not a video: choose a clip that moves ({ACCEPTED})."
        )

    # Which demuxer, and does it take a key?
    demuxer = demuxer_of(head)
    if demuxer is None:
        kind = "no kind of video that is known here"
        if is_text(head):
            kind = "text (a playlist, perhaps)"
        raise VideoError(f"{name} is {kind}, whatever its name says: choose a video ({ACCEPTED}).")
    scheme = encryption_of(head, demuxer)
    if scheme is not None:
        raise VideoError(f"{name}: {encrypted(scheme)}")
    return demuxer


def demuxer_of(head: bytes) -> str | None:
    """Return FFmpeg's name of the demuxer for a file that begins so, None for no known video."""
    # A box of 64 KiB or more before the brand is no real file's: its length could spell a
    # playlist's first word.
    if head[:2] == b"\0\0" and head[4:8] == b"ftyp":
        return "mov"
    if head[4:8] in QUICKTIME_FIRST and head[0] <= LONGEST_FIRST:
        return "mov"
    if head[:4] == EBML:
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if _transport_packets(head) and not is_text(head):
        return "mpegts"
    return None


def still_format(head: bytes) -> str | None:
    """Return what a single picture's format is called; None for anything else."""
    # By a brand or a second mark, where the first bytes are also a video's.
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return STILL_BRANDS.get(head[8:12])
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"

    # By the first bytes alone.
    for magic, name in STILLS:
        if head.startswith(magic):
            return name
    return None


def encryption_of(head: bytes, demuxer: str) -> str | None:
    """Return what the encryption is called where the first bytes tell of it."""
    if demuxer == "mpegts":
        packets = _transport_packets(head)
        scrambled = sum(bool(packet[3] & SCRAMBLED) for packet in packets)
        return "a scrambled broadcast" if scrambled > len(packets) / 2 else None
    if demuxer == "matroska":
        _, _, behind = head.partition(CONTENT_ENCODINGS)
        inside = behind[:62]
        return "CENC" if CONTENT_ENCODING in inside and CONTENT_ENCRYPTION in inside else None
    return None


def encrypted(scheme: str) -> str:
    """Return why a video that takes a key to play is refused; `scheme` names its protection."""
    return (
        f"This video is encrypted ({scheme}) and shows nothing without its key: export it without "
        "protection."
    )


def is_text(head: bytes) -> bool:
    """Tell whether a file that begins so is text: a playlist, a page, a program."""
    # The last letter of a longer file may be cut.
    is_whole = len(head) < HEAD_BYTES
    try:
        text = head.decode("utf-8", errors="strict" if is_whole else "ignore")
    except UnicodeDecodeError:
        return False
    is_readable = all(letter.isprintable() or letter.isspace() for letter in text)
    return is_readable and len(text) > 0.9 * len(head)


def shown_name(path: Path) -> str:
    """Return a file's name as a message may show it: printable, and not longer than a line."""
    name = "".join(letter if letter.isprintable() else "�" for letter in path.name)
    return name if len(name) <= SHOWN_NAME else f"{name[: SHOWN_NAME - 1]}…"


def plays_in_browsers(path: Path) -> bool:
    """Tell whether a file is an MP4 with video of codecs that all browsers play, and no other."""
    codecs = video_codecs(path)
    return bool(codecs) and codecs <= PLAYABLE


def video_codecs(path: Path) -> set[bytes]:
    """Return the four-letter codecs of an MP4's video tracks; none for a file of another kind.

    They are read from the file's boxes: a catalogue has many clips, and a decoder's process for
    each would take long.
    """
    codecs = set()
    with path.open("rb") as file:
        end = file.seek(0, 2)
        for track in _boxes(file, 0, end, (b"moov", b"trak")):
            if not _is_video(file, track):
                continue
            for start, stop in _boxes(file, *track, (b"mdia", b"minf", b"stbl", b"stsd")):
                # Version, flags and the number of entries come before the first entry.
                codecs |= {name for name, _, _ in _children(file, start + 8, stop)}
    return codecs


def _is_video(file: BinaryIO, track: tuple[int, int]) -> bool:
    for start, _ in _boxes(file, *track, (b"mdia", b"hdlr")):
        file.seek(start + 8)
        return file.read(4) == b"vide"
    return False


def _boxes(
    file: BinaryIO, start: int, stop: int, path: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Yield where the content of every box at a path of names begins and ends."""
    first, *rest = path
    for name, inner, end in _children(file, start, stop):
        if name == first:
            if rest:
                yield from _boxes(file, inner, end, tuple(rest))
            else:
                yield inner, end


def _children(file: BinaryIO, start: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, beginning and end of the boxes next to each other, up to a broken size."""
    while start + 8 <= stop:
        file.seek(start)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        inner = start + 8
        if size == 1:  # a 64-bit size follows the name
            size = int.from_bytes(head[8:16], "big")
            inner = start + 16
        elif size == 0:  # the last box reaches to the end
            size = stop - start
        end = start + size
        if end > stop or end < inner:
            return
        yield head[4:8], inner, end
        start = end


def _transport_packets(head: bytes) -> list[bytes]:
    """Return the heads of a transport stream's whole packets; [] where it is none.

    It may begin inside of a packet.
    """
    for length in TS_PACKETS:
        for first in range(length):
            places = range(first, len(head) - 3, length)
            if len(places) >= TS_SEEN and all(head[at] == SYNC for at in places):
                return [head[at : at + 4] for at in places]
    return []


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
