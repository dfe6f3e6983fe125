"""`python -m mealrec push`: put a bundle with its model card on the hub."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from mealrec.bundle.card import model_card
from mealrec.bundle.disk import CARD, MANIFEST, read_bundle, read_manifest
from mealrec.bundle.hub import SCHEME, UNLISTED
from mealrec.bundle.packing import Packing
from mealrec.bundle.places import MEDIA, REBUILD, MediaFolder, bundle_root, project_path
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
    parser.add_argument(
        "--bundle", type=Path, default=shipped(DEFAULT_BUNDLE), help="default: %(default)s"
    )
    parser.add_argument("--repo", required=True, help="owner/name of the hub's model repository")
    parser.add_argument(
        "--private", action="store_true", help="create the repository for its owner's eyes only"
    )
    parser.add_argument(
        "--license",
        help="the licence that the model card names, such as mit (default: none is named)",
    )
    parser.add_argument(
        "--code", help="the address of the code that opens the bundle, for the model card"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="write the folder that would be uploaded, upload none",
    )
    parser.add_argument(
        "--out", type=Path, help="where --dry-run writes (default: build/hub/owner--name)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the bundle, gather what belongs to it and upload it, or leave the folder for
    inspection."""
    if not _REPO.fullmatch(arguments.repo):
        raise BundleError(f"--repo: owner/name is expected and {arguments.repo!r} came.")
    with _folder(arguments) as folder:
        gather(arguments.bundle, folder, arguments.repo, arguments.license, arguments.code)
        files = [file for file in folder.rglob("*") if file.is_file()]
        size = f"{len(files)} files, {sum(file.stat().st_size for file in files) / 2**20:.1f} MiB"
        if arguments.dry_run:
            print(f"{folder}: {size}; nothing was uploaded.")
            return 0
        print(f"Uploading {size} to {arguments.repo} …")
        print(upload(folder, arguments.repo, arguments.private))
    print(f"Open it with MEALREC_BUNDLE={SCHEME}{arguments.repo} python app.py")
    return 0


def gather(
    bundle: Path, folder: Path, repo: str, licence: str | None = None, code: str | None = None
) -> None:
    """Write a bundle into an empty folder with all that it names outside of itself, and its model
    card.

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
    read_bundle(bundle)
    manifest, packing = read_manifest(bundle), Packing(folder)
    for name in manifest["files"]:
        packing.links[name] = bundle / name
    manifest["encoders"] = {
        kind: encoder | {"name": _encoder(bundle, kind, encoder["name"], packing)}
        for kind, encoder in manifest["encoders"].items()
    }
    manifest["media"] = _media(bundle, manifest["media"], packing)
    packing.place(folder)
    (folder / MANIFEST).write_text(
        json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    read_bundle(folder)
    (folder / CARD).write_text(model_card(repo, manifest, licence, code), encoding="utf-8")


def upload(folder: Path, repo: str, private: bool) -> str:
    """Create the repository where it is not there, replace the bundle in it and return the
    commit's address."""
    import httpx2
    from huggingface_hub import HfApi, errors

    api = HfApi()
    try:
        api.create_repo(repo, private=private or None, exist_ok=True)
        message = "Upload a MealRec bundle"
        commit = api.upload_folder(
            repo_id=repo, folder_path=folder, commit_message=message, delete_patterns=REPLACED
        )
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError) as error:
        raise BundleError(
            f"The hub refused {repo} ({_first_line(error)}): set HF_TOKEN to a token that may write there."
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
    temporary = Path(tempfile.mkdtemp(prefix="mealrec-push-"))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _encoder(bundle: Path, kind: str, name: str, packing: Packing) -> str:
    """Return an encoder's name in the gathered bundle; one that is a directory is taken along,
    without pickles."""
    if not name.startswith("."):
        return name
    directory = project_path(bundle, name)
    if not (directory / WEIGHT_FILES[0]).is_file():
        raise BundleError(
            f"The {kind} encoder in {directory} has no {WEIGHT_FILES[0]}, and nothing pickled is put on the hub: save "
            f"its weights as safetensors, extract the features with it and {REBUILD}."
        )
    taken = packing.encoder(kind, str(directory))
    packing.links = {
        target: source
        for target, source in packing.links.items()
        if not target.startswith(taken.removeprefix("./"))
        or any(fnmatch(target, pattern) for pattern in UNLISTED)
    }
    return taken


def _media(bundle: Path, name: str, packing: Packing) -> str:
    """Return the media folder's name in the gathered bundle, once the catalogue's clips and
    pictures are listed."""
    items = [
        item["item_id"]
        for item in json.loads((bundle / "catalogue.json").read_text(encoding="utf-8"))
    ]
    folder = MediaFolder(project_path(bundle, name), items)
    for item_id in items:
        for find in (folder.clip_path, folder.poster_path, folder.decodable_path):
            if (path := find(item_id)) is not None:
                packing.links[f"{MEDIA}/{path.parent.name}/{path.name}"] = path
    return f"./{MEDIA}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
