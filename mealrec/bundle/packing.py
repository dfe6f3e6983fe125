"""What a bundle takes along from outside of its project: clips that browsers play, pictures,
encoders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image

from mealrec.bundle.media import scaled_down
from mealrec.bundle.places import CLIPS, ENCODERS, MEDIA, POSTERS, SOURCES, MediaFolder, bundle_root
from mealrec.errors import VideoError
from mealrec.progress import Progress
from mealrec.video.frames import sample_frames
from mealrec.video.playable import plays_in_browsers
from mealrec.video.transcoding import transcode_clip

POSTER_HEIGHT = 480


@dataclass
class Packing:
    """Files to put into a bundle at `out`: `links` maps a path inside it to the file that goes
    there.

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
        folder = MediaFolder(data, item_ids := tuple(item_ids))
        for item_id in item_ids:
            self._add(item_id, folder.clip_path(item_id), folder.poster_path(item_id), decodes)
        if self._may_name(data) and not self.drawn and not self.unplayable:
            self.links.clear()
            return beside(data, self.out)
        return f"./{MEDIA}"

    def encoder(self, kind: str, name: str) -> str:
        """Return an encoder's name for the manifest; a directory that the bundle may not name is
        taken along."""
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
        for item_id, clip in self._through(
            "looking into clips that browsers do not play", self.unplayable
        ):
            if self.transcodes or item_id not in self.drawn:  # what is drawn below is decoded there
                self._look_into(item_id, clip, folder)
        for item_id, clip in self._through("drawing clips' middle frames", self.drawn):
            target = folder / MEDIA / POSTERS / f"{item_id}.webp"
            if target.is_file() or item_id in self.broken:
                continue
            try:
                poster = _poster(clip)
            except VideoError as error:
                self._give_up(item_id, clip, folder, error)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(poster)

    def told(self) -> list[str]:
        """Return a line on the clips that are broken, and one on those that browsers do not
        play."""
        lines, broken = [], list(self.broken.items())
        others = [item_id for item_id in self.unplayable if item_id not in self.broken]
        if broken:
            lines.append(
                f"{len(broken)} clips are broken (the first is {broken[0][0]}; {broken[0][1]}): they are shown by "
                "a poster or their title. Export or fetch them again."
            )
        if others and self.transcodes:
            lines.append(
                f"{len(others)} clips that browsers do not play have H.264 copies in the bundle."
            )
        elif others:
            lines.append(
                f"{len(others)} clips (the first is {others[0]}) are whole, but not H.264, AV1 or VP9 in MP4, which "
                "browsers play: they are shown as pictures only. To have H.264 copies of them in the bundle, run the "
                "same command with --transcode."
            )
        return lines

    def _through(self, what: str, clips: dict[str, Path]) -> Iterator[tuple[str, Path]]:
        for number, found in enumerate(clips.items()):
            self.progress.reaches(what, number, len(clips))
            yield found

    def _look_into(self, item_id: str, clip: Path, folder: Path) -> None:
        """Make a copy that plays where one is asked for; note why nothing can be made of the
        clip."""
        copy, poster = (
            folder / MEDIA / CLIPS / clip.name,
            folder / MEDIA / POSTERS / f"{item_id}.webp",
        )
        try:
            if not self.transcodes:
                sample_frames(clip, num_frames=1)
                return
            draft = folder / f"{item_id}.webp"
            transcode_clip(clip, copy, draft)
        except VideoError as error:
            self._give_up(item_id, clip, folder, error)
            return
        (folder / MEDIA / SOURCES / clip.name).unlink(missing_ok=True)
        if item_id in self.drawn:
            poster.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(poster)
        draft.unlink(missing_ok=True)

    def _give_up(self, item_id: str, clip: Path, folder: Path, error: VideoError) -> None:
        self.broken[item_id] = str(error)
        for name in (SOURCES, CLIPS):
            (folder / MEDIA / name / clip.name).unlink(missing_ok=True)

    def _add(self, item_id: str, clip: Path | None, picture: Path | None, decodes: bool) -> None:
        if picture is not None:
            self.links[f"{MEDIA}/{picture.parent.name}/{picture.name}"] = picture
        if clip is None:
            return
        if plays_in_browsers(clip):
            self.links[f"{MEDIA}/{CLIPS}/{clip.name}"] = clip
        else:
            self.unplayable[item_id] = clip
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


def _poster(clip: Path) -> bytes:
    """Return a clip's middle frame as WebP; raises VideoError where it cannot be decoded."""
    (frame,) = scaled_down(sample_frames(clip, num_frames=1).frames, POSTER_HEIGHT)
    picture = BytesIO()
    Image.fromarray(frame).save(picture, "WEBP", quality=80)
    return picture.getvalue()
