"""Reading a catalogue in MicroLens's on-disk form: the one reader of `extract`, `train`, `bundle`
and all that follows.

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

LEAST_CLICKS = 4  # one tests, one validates, two are left to learn from
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


def read_catalogue(folder: Path | str, needs_clicks: bool = True) -> Catalogue:
    """Read a catalogue's tables; without `needs_clicks` the pairs may be missing.

    What can only be meant in one way is read so and counted in `notes`: repeated clicks (the first
    counts), a viewer on several lines (joined), ids as 5.0 or 007, topics and held-out ids of no
    item. Raises DataFormatError that names the file, the line and what was expected for all else.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataFormatError(f"{folder} is no folder: expected one with pairs.tsv and titles.csv.")
    notes: list[str] = []
    titles = read_texts(_one(folder, "*titles.csv"), "title", notes)
    ids, topics, held_out = Ids(titles), {}, {}
    if (path := folder / "topics.csv").exists():
        topics = matched(read_texts(path, "topic", notes), ids, path.name, notes)
    if (path := folder / "held_out.txt").exists():
        held_out = matched(dict.fromkeys(read_words(path), ""), ids, path.name, notes)
    histories: dict[str, tuple[str, ...]] = {}
    if needs_clicks or any(folder.glob("*pairs.tsv")):
        histories = _read_pairs(_one(folder, "*pairs.tsv"), ids, notes)
    notes += [
        f"read {ids.respelt} ids that are written otherwise in titles.csv ({ids.example})"
    ] * bool(ids.respelt)
    return Catalogue(tuple(titles), titles, topics, frozenset(held_out), histories, tuple(notes))


def read_words(path: Path) -> list[str]:
    """Return the words of a text file, without a header "item"."""
    words = [word for _, line in read_lines(path) for word in line.split()]
    return words[1:] if words[:1] == ["item"] else words


def matched(texts: dict[str, str], ids: Ids, name: str, notes: list[str]) -> dict[str, str]:
    """Return the texts of known items under their ids; those of others are counted in `notes`."""
    found, unknown = {}, []
    for text, value in texts.items():
        if (item := ids.find(text)) is None:
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


def _read_pairs(path: Path, ids: Ids, notes: list[str]) -> dict[str, tuple[str, ...]]:
    histories: dict[str, dict[str, None]] = {}
    again, clicks = set(), 0
    for number, line in read_lines(path):
        user, tab, items = (part.strip() for part in line.partition("\t"))
        watched = items.split()
        if not (user or items) or (
            user.lower() in _PAIRS_HEADER and number == 1 and not any(map(ids.find, watched))
        ):
            continue
        if not (user and watched):
            raise DataFormatError(
                f"{path}, line {number}: expected user<TAB>item item ..., got {line[:60]!r}"
            )
        if user in histories:
            again.add(user)
        history = histories.setdefault(user, {})
        for item in watched:
            if (known := ids.find(item)) is None:
                raise DataFormatError(
                    f"{path}, line {number}: item {item!r} has no row in the title file: add one (its title may stay "
                    "empty), or take the click out"
                )
            history.setdefault(known)
        clicks += len(watched)
    if not histories:
        raise DataFormatError(
            f"{path} holds no interactions: expected lines of user<TAB>item item ..."
        )
    few = sum(len(history) < LEAST_CLICKS for history in histories.values())
    repeats = clicks - sum(map(len, histories.values()))
    notes += [f"dropped {repeats} repeated clicks (the first counts)"] * bool(repeats)
    notes += [f"joined {len(again)} viewers given more than once"] * bool(again)
    notes += [
        f"{few} of {len(histories)} viewers have fewer than {LEAST_CLICKS} clicks and teach nothing"
    ] * bool(few)
    return {user: tuple(history) for user, history in histories.items()}
