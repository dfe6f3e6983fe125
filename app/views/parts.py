"""What several views share: cards, words for moments and chances, what a what-if changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.look.markup import picture_url
from app.look.palette import clip_colour
from app.plots.style import joined, quoted
from app.session.service import Service
from app.session.state import Session
from mealrec.explain.trace import named

if TYPE_CHECKING:
    from mealrec.explain.trace import LastClip, Recommendation

UPLOAD_TOPIC = "your upload"
_MINUS = "−"
_TITLE_LIMIT = 22
_WORDS_LIMIT = 30  # letters of a title's part in a sentence

# A share is told as "4 in 10" from here on; below it as "1 in" one of the counts.
_TENTHS_FROM = 0.35
_ODDS = (*range(3, 11), 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 700, 1000)
_NEARLY_ALL = 0.95
_HARDLY_ANY = 1 / 1500


@dataclass(frozen=True)
class Card:
    """One clip as the page draws it; `poster` and `clip` are addresses, "" where there is none.

    A new clip was held out of training: the model knows it by its content alone.
    """

    item_id: str
    title: str
    topic: str
    poster: str
    clip: str
    is_new: bool = False

    @property
    def words(self) -> str:
        """Return the title before its hashtags; of a title that begins with them the first."""
        return (self._title_parts() or [""])[0]

    @property
    def tags(self) -> str:
        """Return the hashtags after the words."""
        return " ".join(f"#{part}" for part in self._title_parts()[1:])

    @property
    def colour(self) -> str:
        """Return the colour behind a title without a poster."""
        return clip_colour(self.topic, self.item_id)

    def _title_parts(self) -> list[str]:
        return [" ".join(part.split()) for part in self.title.split("#") if part.strip()]


def card(service: Service, item_id: str) -> Card:
    """Return the card of a clip of the catalogue or of an upload."""
    # An upload: its middle frame stands in for the poster.
    upload = service.upload(item_id)
    if upload is not None:
        frames = upload.thumbnails
        poster = picture_url(frames[len(frames) // 2])
        return Card(item_id, upload.title or "Your clip", UPLOAD_TOPIC, poster, "")

    # A clip of the catalogue, or one that it no longer holds.
    item = service.catalogue.get(item_id)
    if item is None:
        return Card(item_id, named("", item_id), "", "", "")
    return Card(
        item_id=item_id,
        title=named(item.title.strip(), item_id),
        topic=item.topic,
        poster=service.catalogue.poster(item_id),
        clip=service.catalogue.clip(item_id),
        is_new=item.held_out,
    )


def cards(service: Service, item_ids: Iterable[str]) -> list[Card]:
    """Return the cards of several clips, in order."""
    return [card(service, item_id) for item_id in item_ids]


def moment_name(answer: Recommendation, frames: Sequence[int]) -> str:
    """Return what a moment of the last clip, or a part of its title, is called in a sentence."""
    last = answer.last
    if last.segments:
        return f"the words {quoted(segment_words(last, frames), _WORDS_LIMIT)}"

    # The moment that the frames are a part of is called by its kind.
    kind = next(moment.kind for moment in last.moments if set(moment.frames) >= set(frames))
    name = f"the {answer.kinds[kind].name} moment"

    # Several moments of one kind are told apart by their time.
    alike = [moment for moment in last.moments if moment.kind == kind]
    return f"{name} ({span(last, frames)})" if len(alike) > 1 else name


def segment_words(last: LastClip, frames: Sequence[int]) -> str:
    """Return the part of the title that stands in for some frames, without repeats."""
    return " ".join(dict.fromkeys(last.segments[frame] for frame in frames))


def span(last: LastClip, frames: Sequence[int]) -> str:
    """Return when a moment is on show, such as "second 1.5" or "seconds 1.5 to 3.5"."""
    first = float(last.times_s[frames[0]])
    end = float(last.times_s[frames[-1]])
    return f"second {first:.1f}" if len(frames) == 1 else f"seconds {first:.1f} to {end:.1f}"


def in_words(share: float) -> str:
    """Return a share in [0, 1] as "4 in 10" or "1 in 50"."""
    # Tenths where they are fine enough, else the nearest of the odds by ratio.
    if share >= _NEARLY_ALL:
        return "nearly all"
    if share >= _TENTHS_FROM:
        return f"{round(10 * share)} in 10"
    if share <= _HARDLY_ANY:
        return "hardly any"
    nearest = min(_ODDS, key=lambda count: abs(math.log(count * share)))
    return f"1 in {nearest}"


def percent(share: float) -> str:
    """Return a share as "24%"; a small one keeps a decimal, so that it is not nothing."""
    if 0 < share < 0.001:
        return "<0.1%"
    digits = 0 if share >= 0.01 or share == 0 else 1
    return f"{100 * share:.{digits}f}%"


def likelier(influence: float) -> str:
    """Return the change of a chance whose logarithm falls by `influence`, such as "−24%"."""
    # Influence is a difference of logarithms.
    change = math.expm1(-influence)
    if abs(change) < 0.001:
        return "±0%"
    sign = _MINUS if change < 0 else "+"
    return f"{sign}{percent(abs(change))}"


@dataclass(frozen=True)
class Move:
    """A card's way from its rank with the full history.

    `kind` is up, down, same, new or out (of the history).
    """

    kind: str
    mark: str
    told: str


_LEFT_OUT = Move("out", "left out", "left out of the history, so that it may be recommended")


@dataclass(frozen=True)
class WhatIf:
    """The change and its outcome in words, and the cards' moves by clip id."""

    change: str
    outcome: str
    moves: dict[str, Move]


def compared(service: Service, session: Session, after: Recommendation) -> WhatIf | None:
    """Return how a run differs from the one with the full history.

    None where nothing is left out or hidden.
    """
    if not session.is_what_if:
        return None

    # Ranks then and now, by clip.
    before = service.recommend(session.whole.question)
    old = {item.item_id: item.rank for item in before.items}
    new = {item.item_id: item.rank for item in after.items}
    count = len(before.items)

    # What became of the first clip, and how many of the others are still there.
    first = before.items[0].item_id
    title = quoted(card(service, first).title, _TITLE_LIMIT)
    fate = _fate(new.get(first), count)
    kept = kept_words(len(old.keys() & new.keys()), count)

    # The arrows on the cards.
    moves = {item_id: _move(old.get(item_id), rank, count) for item_id, rank in new.items()}
    moves |= {item_id: _LEFT_OUT for item_id in session.left_out if item_id in new}
    return WhatIf(_change(service, session, after), f"{title} {fate}; {kept}.", moves)


def _move(old: int | None, new: int, count: int) -> Move:
    # By how many ranks it moved; a new one had none among the first.
    if old is None:
        return Move("new", "▲ new", f"was not among the first {count}")
    if old > new:
        return Move("up", f"▲{old - new}", f"was {old}")
    if old < new:
        return Move("down", f"▼{new - old}", f"was {old}")
    return Move("same", "=", "as before")


def _fate(rank: int | None, count: int) -> str:
    if rank is None:
        return f"drops out of the first {count}"
    return "stays first" if rank == 1 else f"falls from 1 to {rank}"


def _change(service: Service, session: Session, after: Recommendation) -> str:
    """Return what was changed, such as "the lighthouse moment hidden and “title” left out"."""
    said = []

    # The hidden frames, as the moments that they belong to.
    if len(session.hidden) == len(after.last.influence):
        said.append("every moment hidden")
    elif session.hidden:
        shown = service.recommend(replace(session, hidden=()).question)
        names = []
        for moment in shown.last.moments:
            frames = [frame for frame in moment.frames if frame in session.hidden]
            if frames:
                names.append(moment_name(shown, frames))
        said.append(f"{joined(names)} hidden")

    # The clips that are left out.
    if len(session.left_out) == 1:
        title = quoted(card(service, session.left_out[0]).title, _TITLE_LIMIT)
        said.append(f"{title} left out")
    elif session.left_out:
        said.append(f"{len(session.left_out)} clips left out")
    return joined(said)


def kept_words(kept: int, count: int) -> str:
    """Return how many of the first clips are still among them."""
    return f"all {count} stay" if kept == count else f"{kept} of {count} stay"


def viewer_name(service: Service, viewer_id: str) -> str:
    """Return what a test viewer is called: an example viewer by a letter, another by its id."""
    # Example viewers are few; beyond Z the letters begin again.
    for number, viewer in enumerate(service.recommender().viewers):
        if viewer.viewer_id == viewer_id:
            return f"Viewer {chr(ord('A') + number % 26)}"
    return f"Viewer {viewer_id}"
