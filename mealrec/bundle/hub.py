"""Bundles on the hub, hf://owner/name[@revision][/subfolder]: downloaded once, then cached.

Needs no model: the page is not up before its bundle is found.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from mealrec.bundle.manifest import (
    CLIPS,
    COVERS,
    ENCODERS,
    MANIFEST,
    MEDIA,
    POSTERS,
    REBUILD,
    SOURCES,
)
from mealrec.errors import BundleError

SCHEME = "hf://"
LISTED = re.compile(r"(?!\.)[\w-]+(?:/[\w-]+)?\.(?:json|safetensors)")
"""What a manifest may list: nothing that is unpickled, nothing outside of the bundle."""

UNLISTED = (
    f"{MEDIA}/{CLIPS}/*.mp4",
    f"{MEDIA}/{SOURCES}/*.mp4",
    f"{MEDIA}/{POSTERS}/*.webp",
    f"{MEDIA}/{COVERS}/*.jpg",
    *(f"{ENCODERS}/*.{ending}" for ending in ("json", "safetensors", "txt", "model")),
)
"""What else belongs to a bundle: clips, pictures, encoders."""

_FORM = f"{SCHEME}owner/name[@revision][/subfolder]"
_ADDRESS = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w.%-]+))?(?:/([\w./-]+?))?/?")


@dataclass(frozen=True)
class HubAddress:
    """A bundle's place on the hub.

    `revision` is a branch, a tag or a commit; `subfolder` "" is the repository's root.
    """

    repo: str
    revision: str = "main"
    subfolder: str = ""

    @classmethod
    def parse(cls, name: str) -> HubAddress:
        """Read hf://owner/name[@revision][/subfolder]; a slash in the revision is written %2F.

        Raises BundleError where it has another form.
        """
        found = _ADDRESS.fullmatch(name.removeprefix(SCHEME))
        if not name.startswith(SCHEME) or found is None or ".." in name:
            raise BundleError(
                f"{_FORM} is expected and {name!r} came: name the bundle's repository in this form."
            )
        return cls(found[1], unquote(found[2] or "main"), found[3] or "")

    def __str__(self) -> str:
        place = f"{SCHEME}{self.repo}@{self.revision}"
        return f"{place}/{self.subfolder}" if self.subfolder else place


def local_bundle(name: str | Path) -> Path:
    """Return the folder of a bundle: a path as it is, of hf://… the copy in the cache.

    It is downloaded if need be. The hub's own variables hold: HF_TOKEN, HF_HOME, HF_HUB_OFFLINE,
    HF_ENDPOINT. Without a connection the cached copy serves. Raises BundleError where the
    repository, its revision or the hub is not to be had, or there is no bundle in it.
    """
    if not str(name).startswith(SCHEME):
        return Path(name)
    address = HubAddress.parse(str(name))
    prefix = f"{address.subfolder}/" if address.subfolder else ""

    # The manifest tells what else to download.
    snapshot = _snapshot(address, address.revision, [prefix + MANIFEST])
    listed = [glob.escape(file) for file in _listed(address, snapshot / prefix / MANIFEST)]

    # The same commit again, even where the branch has moved meanwhile.
    patterns = [prefix + pattern for pattern in (MANIFEST, *listed, *UNLISTED)]
    _snapshot(address, snapshot.name, patterns)
    return _plain(address, snapshot)


def link_file(source: str | Path, target: str | Path) -> None:
    """Put a file somewhere else too: a hard link, or a copy where the file system has no links."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)


def _listed(address: HubAddress, manifest: Path) -> list[str]:
    """Return the files that a manifest lists."""
    # Whatever it is that has come, it is a stranger's.
    try:
        files = list(json.loads(manifest.read_text(encoding="utf-8"))["files"])
    except FileNotFoundError as error:
        raise BundleError(
            f"{address} holds no bundle (it has no {MANIFEST} there): name another repository or "
            "subfolder, or put yours there with `python -m mealrec push`."
        ) from error
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{address} holds no readable {MANIFEST}: {REBUILD} and push it again."
        ) from error

    # Refuse before the download what no bundle holds.
    stray = [file for file in files if not LISTED.fullmatch(str(file))]
    if stray:
        raise BundleError(
            f"{address} lists {stray[0]!r}, and a bundle is JSON and safetensors only: "
            "nothing else was downloaded."
        )
    return files


def _snapshot(address: HubAddress, revision: str, patterns: list[str]) -> Path:
    """Return the cache's folder of a revision, once it holds the files of these patterns."""
    import httpx2
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(address.repo, revision=revision, allow_patterns=patterns))
    except errors.GatedRepoError as error:
        raise BundleError(
            f"{address} is gated: ask its owner for access and set HF_TOKEN to your token."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise BundleError(
            f"The hub has no repository {address.repo}, or a private one: check the name, or set "
            "HF_TOKEN to a token that may read it."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise BundleError(
            f"{address.repo} has no revision {address.revision!r}: name a branch, a tag or a "
            "commit of it."
        ) from error
    except (OSError, ValueError, httpx2.TransportError) as error:
        # The hub answered with a refusal, …
        is_not_cached = isinstance(error, errors.LocalEntryNotFoundError)
        reason = error.__cause__ if is_not_cached else error
        if isinstance(reason, errors.HfHubHTTPError):
            raise BundleError(
                f"The hub refused {address} (status {reason.response.status_code}): try again "
                "later, or check HF_TOKEN."
            ) from error
        # … or there was nobody to answer.
        is_away = isinstance(error, (errors.OfflineModeIsEnabled, httpx2.TransportError))
        if is_not_cached or is_away:
            raise BundleError(
                f"{address} is not in the cache as a whole, and the hub cannot be reached: connect "
                "once (without HF_HUB_OFFLINE) to download it, or set MEALREC_BUNDLE to a bundle's "
                "folder."
            ) from error
        raise BundleError(
            f"{address} could not be downloaded ({type(error).__name__}: {error}): try again."
        ) from error


def _plain(address: HubAddress, snapshot: Path) -> Path:
    """Return the bundle as a folder of plain files.

    The cache's own folders hold symbolic links to files that lie elsewhere, which no page would
    hand out.
    """
    from huggingface_hub import constants

    repo = address.repo.replace("/", "--")
    inside = address.subfolder.replace("/", "--")
    folder = Path(constants.HF_HOME) / "mealrec" / repo / f"{snapshot.name}-{inside}"
    if folder.is_dir():
        return folder

    # Fill another folder first, so that this one is whole as soon as it is there.
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(snapshot / address.subfolder, partial, copy_function=link_file)
    try:
        partial.rename(folder)
    except OSError:  # another process was first
        shutil.rmtree(partial)
    return folder
