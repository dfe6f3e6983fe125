"""Reading a catalogue in MicroLens's on-disk form: the one reader of such a folder.

`*pairs.tsv` (user<TAB>item item ..., oldest first) and `*titles.csv` (header item,title) are
required; `topics.csv` (item,topic; no header needed) and `held_out.txt` (items that training must
not see) may be absent. The planted truth of the sample catalogue is never read here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mealrec.data.tables import Ids, read_lines, read_texts
from mealrec.errors import DataFormatError

CLIP_FOLDER = "clips"
LEAST_CLICKS = 4  # one tests, one validates, two are left to learn from
# What stands first in a header, which is no viewer.
_PAIRS_HEADER = {"user", "user_id", "viewer", "viewer_id"}


@dataclass(frozen=True)
class Catalogue:
    """Items in the order of the title file, and what each user watched, oldest first (raw ids).

    `notes` tell what the reader mended or passed over, a few words each.
    """

    item_ids: tuple[str, ...]
    titles: dict[str, str]
    topics: dict[str, str]
    held_out: frozenset[str]
    histories: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def index(self) -> dict[str, int]:
        """Map a raw id to its item index; 0 is padding, so items count from 1."""
        return {item_id: number for number, item_id in enumerate(self.item_ids, 1)}

    @property
    def trainable(self) -> np.ndarray:
        """Return [N] bool: the items that training may see."""
        return np.array([item_id not in self.held_out for item_id in self.item_ids])

    def told(self, folder: Path | str) -> str:
        """Return the notes as one line that begins with the folder, "" where nothing was odd."""
        return f"{folder}: {', '.join(self.notes)}." if self.notes else ""


def clip_path(folder: Path, item_id: str) -> Path:
    """Return where an item's clip lies in a catalogue's folder."""
    return folder / CLIP_FOLDER / f"{item_id}.mp4"


def clip_ids(folder: Path) -> set[str]:
    """Return the ids that the clips in a catalogue's folder are named after."""
    return {path.stem for path in (folder / CLIP_FOLDER).glob("*.mp4")}


def foreign_clips(folder: Path, clips: set[str], item: str, whose: str) -> DataFormatError:
    """Return the error that a folder's clips are all named by other ids than `whose`."""
    return DataFormatError(
        f"{folder / CLIP_FOLDER} holds {len(clips):,} clips and none of {whose}: expected "
        f"{item}.mp4 and the like, got {min(clips)}.mp4; name the files after the items."
    )


def read_catalogue(folder: Path | str, needs_clicks: bool = True) -> Catalogue:
    """Read a catalogue's tables; without `needs_clicks` the pairs may be missing.

    What can only be meant in one way is read so and counted in `notes`: repeated clicks (the first
    counts), a viewer on several lines (joined), ids as 5.0 or 007, topics and held-out ids of no
    item. Raises DataFormatError that names the file, the line and what was expected for all else.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataFormatError(f"{folder} is no folder: expected one with pairs.tsv and titles.csv.")

    # The items are those of the title file.
    notes: list[str] = []
    titles = read_texts(_one(folder, "*titles.csv"), "title", notes)
    ids = Ids(titles)

    # What may be absent.
    topics: dict[str, str] = {}
    path = folder / "topics.csv"
    if path.exists():
        topics = matched(read_texts(path, "topic", notes), ids, path.name, notes)
    held_out: dict[str, str] = {}
    path = folder / "held_out.txt"
    if path.exists():
        held_out = matched(dict.fromkeys(_read_words(path), ""), ids, path.name, notes)

    # The clicks.
    histories: dict[str, tuple[str, ...]] = {}
    if needs_clicks or any(folder.glob("*pairs.tsv")):
        histories = _read_pairs(_one(folder, "*pairs.tsv"), ids, notes)
    if ids.respelt:
        notes.append(
            f"read {ids.respelt} ids that are written otherwise in titles.csv ({ids.example})"
        )
    return Catalogue(tuple(titles), titles, topics, frozenset(held_out), histories, tuple(notes))


def matched(texts: dict[str, str], ids: Ids, name: str, notes: list[str]) -> dict[str, str]:
    """Return the texts of known items under their ids; those of others are counted in `notes`."""
    # Of two spellings of one id the first counts.
    found: dict[str, str] = {}
    unknown = []
    for text, value in texts.items():
        item = ids.find(text)
        if item is None:
            unknown.append(text)
        else:
            found.setdefault(item, value)
    if unknown:
        notes.append(
            f"passed over {len(unknown)} ids in {name} that no item has ({unknown[0]} first)"
        )
    return found


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise DataFormatError(f"{folder} must hold exactly one file named {pattern}, found {names}")
    return found[0]


def _read_words(path: Path) -> list[str]:
    """Return the words of a text file, without a header "item"."""
    words = []
    for _, line in read_lines(path):
        words += line.split()
    return words[1:] if words[:1] == ["item"] else words


def _read_pairs(path: Path, ids: Ids, notes: list[str]) -> dict[str, tuple[str, ...]]:
    """Return {user: items, oldest first, each once}."""
    histories: dict[str, dict[str, None]] = {}  # a dict keeps each item's first place
    again = set()
    clicks = 0
    for number, line in read_lines(path):
        user, _, items = line.partition("\t")
        user = user.strip()
        watched = items.split()

        # Neither an empty line nor a header is a viewer.
        if not user and not watched:
            continue
        if number == 1 and user.lower() in _PAIRS_HEADER and not any(map(ids.find, watched)):
            continue
        if not (user and watched):
            raise DataFormatError(
                f"{path}, line {number}: expected user<TAB>item item ..., got {line[:60]!r}"
            )

        # A viewer on several lines goes on where the last one ended.
        if user in histories:
            again.add(user)
        history = histories.setdefault(user, {})
        for item in watched:
            known = ids.find(item)
            if known is None:
                raise DataFormatError(
                    f"{path}, line {number}: item {item!r} has no row in the title file: add one "
                    "(its title may stay empty), or take the click out"
                )
            history.setdefault(known)
        clicks += len(watched)

    if not histories:
        raise DataFormatError(
            f"{path} holds no interactions: expected lines of user<TAB>item item ..."
        )

    repeats = clicks - sum(map(len, histories.values()))
    if repeats:
        notes.append(f"dropped {repeats} repeated clicks (the first counts)")
    if again:
        notes.append(f"joined {len(again)} viewers given more than once")
    few = sum(len(history) < LEAST_CLICKS for history in histories.values())
    if few:
        notes.append(
            f"{few} of {len(histories)} viewers have fewer than {LEAST_CLICKS} clicks and teach "
            "nothing"
        )
    return {user: tuple(history) for user, history in histories.items()}
