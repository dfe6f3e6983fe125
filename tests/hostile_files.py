"""Files that a hostile visitor might upload, drawn from a seed: file i is the same on every run.

`hostile_file(i, …)` spoils one of the videos of `make_videos.py`, or writes what is no video at all. Kinds take turns,
so the first hundred files hold every kind.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.make_videos import (
    VARIABLE_TIMES,
    cut_by_edit_list,
    rotate_header,
    write_pixel_bomb,
    write_sound,
    write_video,
)

FAST = {"cpu-used": "8", "deadline": "realtime"}
SECRET = "/etc/passwd"
EXTENSIONS = ("mp4", "mov", "webm", "mkv", "avi", "ts", "gif", "m3u8", "jpg", "txt", "exe", "")
NAMES = (
    "-i.mp4", "%s%n.mp4", "$(id).mp4", "`id`.mp4", "a b  c.mp4", "'\";--.mp4", "concat:x.mp4",
    "<b onclick=alert(1)>.mp4",
    "line\nbreak.mp4", "tab\t.mp4", "\u202egpj.mp4", "ünï-код-動画.mp4", "..mp4", "...", "con.mp4", "x" * 240 + ".mp4",
    "data:video,.mp4", "file:\\etc\\passwd", "|id", "http:%2F%2Flocalhost.mp4", "{{7*7}}${7*7}.mp4", "🎬.mp4",
)  # fmt: skip
PLAYLISTS = (
    "#EXTM3U\n#EXTINF:1,\n{secret}\n",
    "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nconcat:http://127.0.0.1:9/a|file://{secret}\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile '{secret}'\nduration 5\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "[playlist]\nFile1=file://{secret}\nNumberOfEntries=1\n",
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file://{secret}">]><MPD><BaseURL>&x;</BaseURL></MPD>',
    '<asx version="3.0"><entry><ref href="file://{secret}"/></entry></asx>',
    ";FFMETADATA1\ntitle={secret}\n[STREAM]\n",
    "RTSPtext\nrtsp://127.0.0.1:9/{secret}\n",
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{secret}"/><script>alert(1)</script></svg>',
)
BOXES = b"moov mvhd trak tkhd edts elst mdia mdhd minf dinf dref stbl stsd avc1 avcC stts stss ctts stsc stsz stco mdat"
WORDS = (0, 1, 7, 0x7F, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
MAGICS = (
    b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01", b"GIF89a", b"GIF87a",
    b"RIFF\xff\xff\xff\x7fAVI LIST\xff\xff\xff\x7fhdrlavih",
    b"\0\0\0\x08ftyp\0\0\0\x01moov\xff\xff\xff\xff\xff\xff\xff\xff",
)  # fmt: skip


@dataclass(frozen=True)
class Sources:
    """The bytes of good videos and of a few slow-made bombs, by name."""

    videos: dict[str, bytes]
    bombs: dict[str, bytes]


def write_sources(folder: Path) -> Sources:
    """Draw what the files are made from; takes about three seconds."""
    plain = write_video(folder / "plain.mp4")
    paths = [
        plain,
        write_video(folder / "variable.mp4", times=VARIABLE_TIMES),
        write_video(folder / "hevc.mp4", "libx265", options={"x265-params": "log-level=none"}),
        write_video(folder / "vp9.webm", "libvpx-vp9", options=FAST),
        write_video(folder / "plain.mkv"),
        write_video(folder / "small.gif", "gif", 12, size=(64, 64), pixel_format="rgb8"),
        write_video(folder / "plain.ts", container="mpegts"),
        write_video(folder / "plain.avi", "mpeg4"),
        write_video(folder / "one.mp4", frames=1),
        rotate_header(plain, folder / "turned.mp4", 1),
        cut_by_edit_list(plain, folder / "edited.mp4", 2.0),
    ]
    bombs = [
        write_pixel_bomb(folder / "png-16000.mp4", 16000),
        write_pixel_bomb(folder / "png-4096.mp4", 4096),
        write_video(folder / "mpeg4-4096.avi", "mpeg4", 3, size=(4096, 4096)),
        write_video(folder / "vp9-4096.webm", "libvpx-vp9", 2, size=(4096, 2304), options=FAST),
        write_video(folder / "hours.mp4", frames=3, times=[0.0, 4000.0, 9000.0]),
        write_video(folder / "nearly.mkv", frames=3, times=[0.0, 200.0, 599.0]),
        write_video(folder / "many.mp4", frames=4000, size=(16, 16), times=[n / 50 for n in range(4000)]),
        write_sound(folder / "sound.mp4"),
    ]  # fmt: skip
    return Sources({path.name: path.read_bytes() for path in paths}, {path.name: path.read_bytes() for path in bombs})


def hostile_file(number: int, sources: Sources, folder: Path, seed: int = 0) -> tuple[str, Path]:
    """Write file `number` into `folder` and return (its kind, its path)."""
    rng = np.random.default_rng([seed, number])
    kind = list(KINDS)[number % len(KINDS)]
    content = KINDS[kind](rng, sources)
    name = f"{number}.{_one_of(rng, EXTENSIONS)}" if rng.random() < 0.2 else f"{number}.mp4"
    path = folder / (_one_of(rng, NAMES) if kind == "odd names" else name)
    path.write_bytes(content)
    return kind, path


def _one_of(rng: np.random.Generator, choices):
    return choices[int(rng.integers(len(choices)))]


def _video(rng: np.random.Generator, sources: Sources, ending: str = "") -> bytearray:
    return bytearray(sources.videos[_one_of(rng, [name for name in sources.videos if name.endswith(ending)])])


def _flips(rng: np.random.Generator, sources: Sources) -> bytes:
    content = _video(rng, sources)
    for at in rng.integers(12, len(content), int(2 ** rng.uniform(0, 9))):
        content[at] ^= 1 << int(rng.integers(8))
    return bytes(content)


def _header_flips(rng: np.random.Generator, sources: Sources) -> bytes:
    content = _video(rng, sources)
    for at in rng.integers(12, min(len(content), 1500), int(rng.integers(1, 40))):
        content[at] = int(rng.integers(256))
    return bytes(content)


def _truncated(rng: np.random.Generator, sources: Sources) -> bytes:
    content = _video(rng, sources)
    return bytes(content[: int(rng.integers(1, len(content)))])


def _spliced(rng: np.random.Generator, sources: Sources) -> bytes:
    one, other = _video(rng, sources), _video(rng, sources)
    a, b = sorted(rng.integers(0, len(one), 2).tolist())
    c, d = sorted(rng.integers(0, len(other), 2).tolist())
    return bytes(_one_of(rng, (one[:a] + one[b:], one[:b] + one[a:], one[:a] + other[c:d] + one[b:], one[:a] + other)))


def _box_lies(rng: np.random.Generator, sources: Sources) -> bytes:
    """Overwrite one 32-bit word in or before a box of an MP4: its size, a count, a duration, a side."""
    content = _video(rng, sources, "mp4")
    for _ in range(int(rng.integers(1, 4))):
        at = content.find(_one_of(rng, BOXES.split()))
        if at > 12:
            at += _one_of(rng, (-4, *range(4, 44, 4)))
            content[at : at + 4] = struct.pack(">I", _one_of(rng, WORDS))
    return bytes(content)


def _frame_lies(rng: np.random.Generator, sources: Sources) -> bytes:
    """Claim another size or clock in a GIF, AVI or Matroska header."""
    content = _video(rng, sources, _one_of(rng, ("gif", "avi", "webm", "mkv")))
    for _ in range(int(rng.integers(1, 4))):
        at, width = (6, 4) if content[:3] == b"GIF" else (int(rng.integers(16, 400)), int(rng.integers(1, 9)))
        content[at : at + width] = rng.bytes(width) if rng.random() < 0.5 else b"\xff" * width
    return bytes(content)


def _bomb(rng: np.random.Generator, sources: Sources) -> bytes:
    return sources.bombs[_one_of(rng, list(sources.bombs))]


def _gif_bomb(rng: np.random.Generator, sources: Sources) -> bytes:
    """Pack a big picture, or very many frames, into few bytes."""
    side, frames = _one_of(rng, ((65535, 1), (5000, 3), (4096, 60), (2000, 400), (1, 60000), (16, 20000)))
    delay = _one_of(rng, (0, 1, 100, 65535))
    screen = struct.pack("<HHBBB", side, side, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = (
        b"\x21\xf9\x04\x00" + struct.pack("<H", delay) + b"\0\0\x2c\0\0\0\0" + struct.pack("<HH", side, side) + b"\0"
    )
    return b"GIF89a" + screen + (frame + b"\x02\x02\x44\x01\x00") * frames + b"\x3b"


def _external(rng: np.random.Generator, sources: Sources) -> bytes:
    """Point an MP4's media at a file outside of it, as its data reference allows."""
    content = _video(rng, sources, "mp4")
    at = content.index(b"url ", content.index(b"dref"))
    content[at : at + 8] = _one_of(rng, (b"url \0\0\0\0", b"alis\0\0\0\0", b"urn \0\0\0\0"))
    return bytes(content) + SECRET.encode()


def _playlist(rng: np.random.Generator, sources: Sources) -> bytes:
    text = _one_of(rng, PLAYLISTS).format(secret=SECRET).encode()
    prefix = (
        b"",
        b"",
        b"\xef\xbb\xbf",
        b"#EXTftyp",
        b"\0\0\0\x20ftypisom",
        b"GIF89a",
        b"\x1a\x45\xdf\xa3",
        b"RIFF....AVI ",
    )
    return _one_of(rng, prefix) + text


def _polyglot(rng: np.random.Generator, sources: Sources) -> bytes:
    video = bytes(_video(rng, sources))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("../../escape.py", "raise SystemExit")
    tail = (
        zipped.getvalue(),
        b"<script>alert(1)</script>",
        b"%PDF-1.7 trailer",
        b"\n#EXTM3U\nfile:///etc/passwd",
        video,
    )
    head = (b"", b"", b"", b"\x7fELF\2\1\1", b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"#!/bin/sh\nid\n", b"PK\3\4")
    return _one_of(rng, head) + video + _one_of(rng, tail)


def _noise(rng: np.random.Generator, sources: Sources) -> bytes:
    body = rng.bytes(int(2 ** rng.uniform(0, 16)))
    if rng.random() < 0.2:
        body = b"".join(b"\x47" + rng.bytes(187) for _ in range(40))
    return _one_of(rng, (b"", *MAGICS)) + body


def _empty(rng: np.random.Generator, sources: Sources) -> bytes:
    return _one_of(rng, (b"", b"\0", b"\0" * 4096, b"\xff" * 100, b"\0\0\0\x08ftyp", b"GIF89a", b"\x1a\x45\xdf\xa3"))


def _picture(rng: np.random.Generator, sources: Sources) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (40, 30, 3), np.uint8)).save(
        out, _one_of(rng, ("PNG", "JPEG", "WEBP", "BMP", "GIF"))
    )
    return out.getvalue()


def _archive(rng: np.random.Generator, sources: Sources) -> bytes:
    out = io.BytesIO()
    zeros = bytes(2**20)
    form = int(rng.integers(3))
    if form == 0:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb", zeros)
    elif form == 1:
        out.write(gzip.compress(zeros, mtime=0))
    else:
        with tarfile.open(fileobj=out, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("../../escape"), io.BytesIO())
    return out.getvalue()


def _text(rng: np.random.Generator, sources: Sources) -> bytes:
    texts = (
        "hello",
        "#!/bin/sh\nid\n",
        "{}",
        "\u202e\u0000\u0007",
        "<?php system('id');",
        "a" * 100000,
        "cposix\nsystem\n(S'id'\ntR.",
    )
    return _one_of(rng, texts).encode(_one_of(rng, ("utf-8", "utf-16")))


def _whole(rng: np.random.Generator, sources: Sources) -> bytes:
    return bytes(_video(rng, sources))


KINDS: dict[str, Callable[[np.random.Generator, Sources], bytes]] = {
    "byte flips": _flips,
    "header flips": _header_flips,
    "truncations": _truncated,
    "splices": _spliced,
    "box lies": _box_lies,
    "frame lies": _frame_lies,
    "bombs": _bomb,
    "GIF bombs": _gif_bomb,
    "external references": _external,
    "playlists": _playlist,
    "polyglots": _polyglot,
    "noise behind a magic": _noise,
    "empty": _empty,
    "pictures": _picture,
    "archives": _archive,
    "text": _text,
    "wrong extensions": _whole,
    "odd names": _whole,
}
