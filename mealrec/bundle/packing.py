"""What a bundle takes along from outside of its project: clips, pictures, encoders."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from mealrec.bundle.hub import link_file
from mealrec.bundle.manifest import (
    CLIPS,
    ENCODERS,
    MEDIA,
    POSTERS,
    SOURCES,
    MediaFolder,
    bundle_root,
)
from mealrec.errors import VideoError
from mealrec.progress import Progress
from mealrec.video.frames import sample_frames, scaled_down, transcode_clip
from mealrec.video.probe import plays_in_browsers

POSTER_HEIGHT = 480


@dataclass
class Packing:
    """Files to put into a bundle at `out`: `links` maps a path in it to the file that goes there.

    `drawn` are the clips without a picture, by item: their middle frame becomes one. `unplayable`
    are the items whose clip browsers do not play: with `transcodes` the bundle gets an H.264 copy
    of it, else it stays behind, or where frames are decoded from it goes to sources/, which no page
    serves. `broken` {item: why} are those of which nothing could be decoded, known once all is
    placed; `progress` is told how far that is.
    """

    out: Path
    progress: Progress = field(default_factory=Progress)
    transcodes: bool = False
    links: dict[str, Path] = field(default_factory=dict)
    drawn: dict[str, Path] = field(default_factory=dict)
    unplayable: dict[str, Path] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def media(self, data: Path, item_ids: Iterable[str], decodes: bool) -> str:
        """Return the media folder's name for the manifest.

        The folder `data` itself, where the bundle may name it and all in it is fit to be shown;
        else the bundle's own.
        """
        # Note what each item has, and what is wrong with it.
        item_ids = tuple(item_ids)
        folder = MediaFolder(data, item_ids)
        for item_id in item_ids:
            self._add(item_id, folder.clip_path(item_id), folder.poster_path(item_id), decodes)

        # A folder that is whole is named, and nothing of it copied.
        if self._may_name(data) and not self.drawn and not self.unplayable:
            self.links.clear()
            return beside(data, self.out)
        return f"./{MEDIA}"

    def encoder(self, kind: str, name: str) -> str:
        """Return an encoder's name for the manifest.

        A directory that the bundle may not name is taken along.
        """
        # What lies on the hub, or where the bundle may look, is named and not copied.
        folder = Path(name)
        if not folder.is_dir():
            return name
        if self._may_name(folder):
            return beside(folder, self.out)

        # Anything else goes with it.
        for file in folder.iterdir():
            if file.is_file():
                self.links[f"{ENCODERS}/{kind}/{file.name}"] = file
        return f"./{ENCODERS}/{kind}"

    def place(self, folder: Path) -> None:
        """Put everything into a folder that is about to become the bundle."""
        # Files as they are.
        for name, source in self.links.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            link_file(source, target)

        # Clips that browsers do not play. What is drawn below is decoded there.
        clips = list(self.unplayable.items())
        for item_id, clip in self.progress.through("looking into what browsers do not play", clips):
            try:
                if self.transcodes:
                    self._transcode(item_id, clip, folder)
                elif item_id not in self.drawn:
                    sample_frames(clip, num_frames=1)
            except VideoError as error:
                self._give_up(item_id, clip, folder, error)

        # Clips without a picture, but for those that transcoding has drawn already.
        clips = list(self.drawn.items())
        for item_id, clip in self.progress.through("drawing clips' middle frames", clips):
            poster = folder / MEDIA / POSTERS / f"{item_id}.webp"
            if poster.is_file() or item_id in self.broken:
                continue
            try:
                _draw(clip, poster)
            except VideoError as error:
                self._give_up(item_id, clip, folder, error)

    def told(self) -> list[str]:
        """Return a line on the clips that are broken, and one on those that do not play."""
        # What cannot be decoded at all.
        lines = []
        if self.broken:
            item_id, why = next(iter(self.broken.items()))
            lines.append(
                f"{len(self.broken)} clips are broken (the first is {item_id}; {why}): they are "
                "shown by a poster or their title. Export or fetch them again."
            )

        # What is whole, but not for a browser.
        whole = [item_id for item_id in self.unplayable if item_id not in self.broken]
        if whole and self.transcodes:
            lines.append(
                f"{len(whole)} clips that browsers do not play have H.264 copies in the bundle."
            )
        elif whole:
            lines.append(
                f"{len(whole)} clips (the first is {whole[0]}) are whole, but not H.264, AV1 or "
                "VP9 in MP4, which browsers play: they are shown as pictures only. To have H.264 "
                "copies of them in the bundle, run the same command with --transcode."
            )
        return lines

    def _add(self, item_id: str, clip: Path | None, picture: Path | None, decodes: bool) -> None:
        if picture is not None:
            self.links[f"{MEDIA}/{picture.parent.name}/{picture.name}"] = picture
        if clip is None:
            return

        # A clip is shown where browsers play it; else it may still be decoded from.
        if plays_in_browsers(clip):
            self.links[f"{MEDIA}/{CLIPS}/{clip.name}"] = clip
        else:
            self.unplayable[item_id] = clip
            if decodes:
                self.links[f"{MEDIA}/{SOURCES}/{clip.name}"] = clip
        if picture is None:
            self.drawn[item_id] = clip

    def _transcode(self, item_id: str, clip: Path, folder: Path) -> None:
        """Put a copy that plays in a source's place; and draw its picture, if it has none."""
        poster = folder / MEDIA / POSTERS / f"{item_id}.webp"
        # A picture of it is drawn on the way, and kept where the item has no other.
        draft = folder / poster.name
        transcode_clip(clip, folder / MEDIA / CLIPS / clip.name, draft)
        (folder / MEDIA / SOURCES / clip.name).unlink(missing_ok=True)
        if item_id in self.drawn:
            poster.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(poster)
        draft.unlink(missing_ok=True)

    def _give_up(self, item_id: str, clip: Path, folder: Path, error: VideoError) -> None:
        self.broken[item_id] = str(error)
        for name in (SOURCES, CLIPS):
            (folder / MEDIA / name / clip.name).unlink(missing_ok=True)

    def _may_name(self, path: Path) -> bool:
        return path.resolve().is_relative_to(bundle_root(self.out))


def beside(path: str | Path, out: Path) -> str:
    """Return a path relative to the bundle."""
    return Path(os.path.relpath(Path(path).resolve(), out.resolve())).as_posix()


def _draw(clip: Path, poster: Path) -> None:
    """Write a clip's middle frame as WebP; raises VideoError where it cannot be decoded."""
    (frame,) = scaled_down(sample_frames(clip, num_frames=1).frames, POSTER_HEIGHT)
    poster.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(frame).save(poster, "WEBP", quality=80)
