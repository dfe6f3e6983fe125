"""A dataset's files into a folder: room first, each file once, one account of what fails."""

from __future__ import annotations

import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from tqdm import tqdm

from mealrec.data.fetching.download import (
    FileRefusedError,
    Patience,
    Transfer,
    download,
    remote_size,
    sha256_of,
)
from mealrec.data.fetching.layout import ITEM_ID, RemoteFile
from mealrec.errors import FetchError
from mealrec.writing import write_whole

SPARE_BYTES = 256 * 2**20  # left free on the disk
# What an archive's header says of a cover's size may be anything.
MAX_COVER_BYTES = 20 * 2**20
# The record that ends a zip archive; a comment of up to 64 KiB may follow it.
END_RECORD = b"PK\x05\x06"
END_RECORD_REACH = 22 + 65535


def fetch_files(address: str, files: Iterable[RemoteFile], out: Path, patience: Patience) -> str:
    """Fetch the files that are not there yet; one that is there is checked and never overwritten.

    Returns an account of the files that did not come and are not needed, "" when there is none.
    Raises one FetchError that names every address that failed and the path where that file can be
    put by hand.
    """
    files = tuple(files)
    failures: dict[RemoteFile, str] = {}
    for number, file in enumerate(files):
        try:
            _fetch_file(address, file, out, patience)
        except FileRefusedError as error:
            failures[file] = str(error)
        except FetchError as error:
            # The server or the disk has failed: the rest is not tried.
            failures[file] = str(error)
            for later in files[number + 1 :]:
                if not (out / later.path).exists():
                    failures[later] = f"{_url(address, later)}: not asked for after that"
            break

    # One account of it all.
    lines = [f"  {reason}\n    belongs at {out / file.path}" for file, reason in failures.items()]
    account = "\n".join(lines)
    if any(file.needed for file in failures):
        raise FetchError(
            f"{len(failures)} of {len(files)} files did not come. Run it again later, name a "
            f"mirror with --base-url, or put each by hand where its line says:\n{account}"
        )
    return account


def missing_bytes(address: str, files: Iterable[RemoteFile], out: Path) -> int:
    """Return how many bytes are still to come, as far as published or announced by the server."""
    total = 0
    for file in files:
        if (out / file.path).exists():
            continue
        size = file.size
        if size is None:
            size = remote_size(_url(address, file)) or 0
        total += max(0, size - Transfer("", out / file.path).have)
    return total


def require_space(out: Path, needed: int) -> None:
    """Raise FetchError unless the disk under `out` has room for `needed` bytes and a reserve."""
    # The disk is that of the first folder above which is there.
    folder = out.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed and free < needed + SPARE_BYTES:
        raise FetchError(
            f"{out} needs {_gib(needed)} and {_gib(SPARE_BYTES)} to spare, and the disk has "
            f"{_gib(free)} free: make room, choose another --out, or ask for less."
        )


def split_parts(archive: RemoteFile, out: Path) -> tuple[RemoteFile, ...]:
    """Return the other parts (.z01, .z02, …) of a split zip archive, as its last part counts them.

    Raises FetchError where the file is no zip archive.
    """
    # The record that ends the archive stands behind all else.
    path = out / archive.path
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_RECORD_REACH))
        tail = file.read()
    at = tail.rfind(END_RECORD)
    if at < 0 or len(tail) < at + 22:
        raise FetchError(f"{path} is no zip archive: delete it and run it again.")

    # It knows the number of its own part, counted from 0.
    (last_disk,) = struct.unpack_from("<H", tail, at + 4)
    stem = archive.path.removesuffix(".zip")
    return tuple(RemoteFile(f"{stem}.z{number:02d}") for number in range(1, last_disk + 1))


def unpack_covers(archive: Path) -> int:
    """Unpack <id>.jpg into a folder named like the archive; return how many covers lie there.

    Only names that are an item id are taken, whatever folder the archive says; raises FetchError
    for a damaged one.
    """
    folder = archive.with_suffix("")
    try:
        with zipfile.ZipFile(archive) as covers:
            # Which covers are wanted, and is there room for them?
            wanted = {}
            for info in covers.infolist():
                name = PurePosixPath(info.filename).name
                if name.endswith(".jpg") and ITEM_ID.fullmatch(name.removesuffix(".jpg")):
                    wanted[name] = info
            missing = {name: info for name, info in wanted.items() if not (folder / name).exists()}
            require_space(folder, sum(info.file_size for info in missing.values()))

            # Each under its final name once it is whole.
            folder.mkdir(exist_ok=True)
            for name, info in tqdm(missing.items(), unit="cover", desc=folder.name):
                _unpack(covers, info, folder / name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise FetchError(
            f"{archive} cannot be unpacked ({error}): delete it and run it again."
        ) from error
    except OSError as error:
        raise FetchError(
            f"{folder} cannot be written ({error}): free the disk and run it again."
        ) from error
    return len(wanted)


def _unpack(covers: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> None:
    with covers.open(info) as packed:
        content = packed.read(MAX_COVER_BYTES + 1)  # whatever its header says
    if len(content) > MAX_COVER_BYTES:
        raise zipfile.BadZipFile(f"{info.filename} is larger than {MAX_COVER_BYTES} bytes")
    write_whole(path, content)


def _fetch_file(address: str, file: RemoteFile, out: Path, patience: Patience) -> None:
    path = out / file.path
    if path.exists():
        _check_present(path, file)
        return

    # With a bar that also counts what an earlier run has brought.
    transfer = Transfer(_url(address, file), path, file.size, file.sha256)
    with tqdm(
        total=file.size, initial=transfer.have, unit="B", unit_scale=True, desc=path.name
    ) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        download(transfer, patience, show)


def _url(address: str, file: RemoteFile) -> str:
    return address + quote(file.path)


def _check_present(path: Path, file: RemoteFile) -> None:
    # Size first: a sum takes reading all of it.
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise FileRefusedError(
            f"{path} has {size:,} bytes, the published file {file.size:,}: delete it to fetch it "
            "again"
        )
    if file.sha256 is not None and sha256_of(path) != file.sha256:
        raise FileRefusedError(
            f"{path} is not the published file (its sha256 differs): delete it to fetch it again"
        )


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
