"""What a bundle takes along from outside of its project: clips that browsers play, pictures, encoders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from mealrec.errors import VideoError
from mealrec.features.frames import sample_frames
from mealrec.recommender.media import scaled_down
from mealrec.recommender.places import CLIPS, ENCODERS, MEDIA, POSTERS, SOURCES, MediaFolder, bundle_root
from mealrec.recommender.playable import plays_in_browsers

POSTER_HEIGHT = 480


@dataclass
class Packing:
    """Files to put into a bundle at `out`: `links` maps a path inside it to the file that goes there.

    `drawn` are the clips without a picture, by item: their middle frame becomes one. `unplayable` are the items whose
    clip browsers do not play: it stays behind, or where frames are decoded from it goes to sources/, which no page
    serves.
    """

    out: Path
    links: dict[str, Path] = field(default_factory=dict)
    drawn: dict[str, Path] = field(default_factory=dict)
    unplayable: list[str] = field(default_factory=list)

    def media(self, data: Path, item_ids: Iterable[str], decodes: bool) -> str:
        """Return the media folder's name for the manifest.

        The folder `data` itself, where the bundle may name it and all in it is fit to be shown; else the bundle's own.
        """
        folder = MediaFolder(data, item_ids := tuple(item_ids))
        for item_id in item_ids:
            self._add(item_id, folder.clip_path(item_id), folder.poster_path(item_id), decodes)
        if self._may_name(data) and not self.drawn and not self.unplayable:
            self.links.clear()
            return beside(data, self.out)
        return f"./{MEDIA}"

    def encoder(self, kind: str, name: str) -> str:
        """Return an encoder's name for the manifest; a directory that the bundle may not name is taken along."""
        folder = Path(name)
        if not folder.is_dir():
            return name
        if self._may_name(folder):
            return beside(folder, self.out)
        for file in folder.iterdir():
            if file.is_file():
                self.links[f"{ENCODERS}/{kind}/{file.name}"] = file
        return f"./{ENCODERS}/{kind}"

    def place(self, folder: Path) -> None:
        """Put everything into a folder that is about to become the bundle."""
        for name, source in self.links.items():
            _link(source, folder / name)
        for item_id, clip in self.drawn.items():
            if (poster := _poster(clip)) is not None:
                target = folder / MEDIA / POSTERS / f"{item_id}.webp"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(poster)

    def _add(self, item_id: str, clip: Path | None, picture: Path | None, decodes: bool) -> None:
        if picture is not None:
            self.links[f"{MEDIA}/{picture.parent.name}/{picture.name}"] = picture
        if clip is None:
            return
        if plays_in_browsers(clip):
            self.links[f"{MEDIA}/{CLIPS}/{clip.name}"] = clip
        else:
            self.unplayable.append(item_id)
            if decodes:
                self.links[f"{MEDIA}/{SOURCES}/{clip.name}"] = clip
        if picture is None:
            self.drawn[item_id] = clip

    def _may_name(self, path: Path) -> bool:
        return path.resolve().is_relative_to(bundle_root(self.out))


def beside(path: str | Path, out: Path) -> str:
    """Return a path relative to the bundle."""
    return Path(os.path.relpath(Path(path).resolve(), out.resolve())).as_posix()


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _poster(clip: Path) -> bytes | None:
    """Return a clip's middle frame as WebP; None where it cannot be decoded."""
    try:
        (frame,) = scaled_down(sample_frames(clip, num_frames=1).frames, POSTER_HEIGHT)
    except VideoError:
        return None
    picture = BytesIO()
    Image.fromarray(frame).save(picture, "WEBP", quality=80)
    return picture.getvalue()
