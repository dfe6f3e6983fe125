"""`python -m mealrec push`: put a bundle with its model card on the hub."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from mealrec.bundle.card import model_card
from mealrec.bundle.disk import read_bundle, read_contents
from mealrec.bundle.hub import SCHEME, UNLISTED
from mealrec.bundle.manifest import (
    CARD,
    ENCODERS,
    MANIFEST,
    MEDIA,
    REBUILD,
    bundle_root,
    media_folder,
    project_path,
    read_items,
    read_manifest,
)
from mealrec.bundle.packing import Packing
from mealrec.errors import BundleError
from mealrec.features.weights import WEIGHT_FILES
from mealrec.shipped import DEFAULT_BUNDLE, shipped

_REPO = re.compile(r"[\w.-]+/[\w.-]+")
# What a push replaces: an older bundle's files; whatever else lies in the repository stays.
REPLACED = [
    MANIFEST,
    "catalogue.json",
    "*viewers.json",
    "features.safetensors",
    "variants/*",
    *UNLISTED,
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    default = shipped(DEFAULT_BUNDLE)
    add = parser.add_argument
    add("--bundle", type=Path, default=default, help="default: %(default)s")
    add("--repo", required=True, help="owner/name of the hub's model repository")
    add("--private", action="store_true", help="create the repository for its owner's eyes only")
    add("--license", help="the licence that the model card names, such as mit (default: none)")
    add("--code", help="the address of the code that opens the bundle, for the model card")
    add("--dry-run", action="store_true", help="write what would be uploaded, upload nothing")
    add("--out", type=Path, help="where --dry-run writes (default: build/hub/owner--name)")


def run(arguments: argparse.Namespace) -> int:
    """Check the bundle, gather what belongs to it, and upload that or leave it to be looked at."""
    repo = arguments.repo
    if not _REPO.fullmatch(repo):
        raise BundleError(f"--repo: owner/name is expected and {repo!r} came.")
    with _folder(arguments) as folder:
        gather(arguments.bundle, folder, repo, arguments.license, arguments.code)
        sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
        told = f"{len(sizes)} files, {sum(sizes) / 2**20:.1f} MiB"
        if arguments.dry_run:
            print(f"{folder}: {told}; nothing was uploaded.")
            return 0
        print(f"Uploading {told} to {repo} …")
        print(upload(folder, repo, arguments.private))
    print(f"Open it with MEALREC_BUNDLE={SCHEME}{repo} python app.py")
    return 0


def gather(
    bundle: Path, folder: Path, repo: str, licence: str | None = None, code: str | None = None
) -> None:
    """Write a bundle into an empty folder, with all that it names outside of itself and its card.

    Raises BundleError where the bundle does not load, an encoder has no safetensors, or the folder
    is in use.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BundleError(
            f"{folder} holds files already: name an empty or new folder with --out, or empty it."
        )
    if bundle_root(folder) != folder.resolve():
        raise BundleError(
            f"{folder} lies in a project's checkpoints: name a folder elsewhere with --out."
        )

    # The bundle's own files, once they are found to be whole.
    manifest = read_manifest(bundle)
    read_contents(bundle, manifest)
    packing = Packing(folder)
    for name in manifest["files"]:
        packing.links[name] = bundle / name

    # What lies outside, under the names that it gets here.
    manifest["encoders"] = {
        kind: encoder | {"name": _encoder(bundle, kind, encoder["name"], packing)}
        for kind, encoder in manifest["encoders"].items()
    }
    _add_media(bundle, packing)
    manifest["media"] = f"./{MEDIA}"
    packing.place(folder)

    # The manifest that says so, and the card, once all of it loads from there.
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    read_bundle(folder)
    (folder / CARD).write_text(model_card(repo, manifest, licence, code), encoding="utf-8")


def upload(folder: Path, repo: str, private: bool) -> str:
    """Replace the bundle in a repository, which is made if need be; return the commit's address."""
    import httpx2
    from huggingface_hub import HfApi, errors

    api = HfApi()
    try:
        api.create_repo(repo, private=private or None, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            commit_message="Upload a MealRec bundle",
            delete_patterns=REPLACED,
        )
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError) as error:
        raise BundleError(
            f"The hub refused {repo} ({_first_line(error)}): set HF_TOKEN to a token that may "
            "write there."
        ) from error
    except (OSError, httpx2.TransportError) as error:
        raise BundleError(
            f"The hub cannot be reached ({_first_line(error)}): nothing was uploaded."
        ) from error
    return str(commit.commit_url)


@contextmanager
def _folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """Return where the bundle is gathered: for a dry run a folder that stays."""
    if arguments.dry_run:
        yield arguments.out or Path("build/hub") / arguments.repo.replace("/", "--")
        return
    with TemporaryDirectory(prefix="mealrec-push-", ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


def _encoder(bundle: Path, kind: str, name: str, packing: Packing) -> str:
    """Return an encoder's name in the gathered bundle; a directory is taken along, no pickles."""
    if not name.startswith("."):
        return name
    directory = project_path(bundle, name)
    if not (directory / WEIGHT_FILES[0]).is_file():
        raise BundleError(
            f"The {kind} encoder in {directory} has no {WEIGHT_FILES[0]}, and nothing pickled is "
            "put on the hub: save its weights as safetensors, extract the features with it and "
            f"{REBUILD}."
        )

    # Of its files, those that may lie in a bundle.
    taken = packing.encoder(kind, str(directory))
    for target in list(packing.links):
        is_listed = any(fnmatch(target, pattern) for pattern in UNLISTED)
        if target.startswith(f"{ENCODERS}/{kind}/") and not is_listed:
            del packing.links[target]
    return taken


def _add_media(bundle: Path, packing: Packing) -> None:
    """List the catalogue's clips and pictures."""
    items = read_items(bundle)
    folder = media_folder(bundle, items)
    for item in items:
        for find in (folder.clip_path, folder.poster_path, folder.decodable_path):
            path = find(item.item_id)
            if path is not None:
                packing.links[f"{MEDIA}/{path.parent.name}/{path.name}"] = path


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
