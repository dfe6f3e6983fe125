"""Which container a file's first bytes announce, whatever its name says."""

from __future__ import annotations

HEAD_BYTES = 4096
ACCEPTED = "MP4, MOV, WebM, MKV, AVI, MPEG-TS or GIF"
EBML = b"\x1a\x45\xdf\xa3"
# before `ftyp` was thought of
QUICKTIME_FIRST = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
# the first byte of a box of 256 MiB; a text's first byte is greater, or a line end
LONGEST_FIRST = 0x0F
# plain, with a camcorder's time code before each, with a checksum after it
SYNC, TS_PACKETS = 0x47, (188, 192, 204)
TS_SEEN = 3
SCRAMBLED = 0x80  # of a transport packet's fourth byte
CONTENT_ENCRYPTION = b"\x50\x35"  # of Matroska, in ContentEncodings, in ContentEncoding
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


def demuxer_of(head: bytes) -> str | None:
    """Return FFmpeg's name of the demuxer for a file that begins so, None where it is no known
    video."""
    # A box of 64 KiB or more before the brand is no real file's: its length could spell a
    # playlist's first word.
    if head[:2] == b"\0\0" and head[4:8] == b"ftyp":
        return "mov"
    if head[:1] and head[0] <= LONGEST_FIRST and head[4:8] in QUICKTIME_FIRST:
        return "mov"
    if head[:4] == EBML:
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    return "mpegts" if not is_text(head) and _transport_packets(head) else None


def still_format(head: bytes) -> str | None:
    """Return what a single picture's format is called; None for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return STILL_BRANDS.get(head[8:12])
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    return next((name for magic, name in STILLS if head.startswith(magic)), None)


def is_scrambled(head: bytes, demuxer: str) -> str | None:
    """Return what the encryption is called where the container tells of it in its first bytes."""
    if demuxer == "mpegts":
        packets = _transport_packets(head)
        return (
            "a scrambled broadcast"
            if sum(bool(p[3] & SCRAMBLED) for p in packets) > len(packets) / 2
            else None
        )
    if demuxer == "matroska":
        at = head.find(b"\x6d\x80")
        inside = head[at : at + 64] if at >= 0 else b""
        return "CENC" if b"\x62\x40" in inside and CONTENT_ENCRYPTION in inside else None
    return None


def is_text(head: bytes) -> bool:
    """Tell whether a file that begins so is text: a playlist, a page, a program."""
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return False
    return len(text) > 0.9 * len(head) and all(c.isprintable() or c.isspace() for c in text)


def _transport_packets(head: bytes) -> list[bytes]:
    """Return the whole packets of a transport stream that may begin inside of one; [] where it
    is none."""
    for length in TS_PACKETS:
        for first in range(length):
            places = range(first, len(head) - 3, length)
            if len(places) >= TS_SEEN and all(head[at] == SYNC for at in places):
                return [head[at : at + 4] for at in places]
    return []
