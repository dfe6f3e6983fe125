"""What every view shows of a clip: its poster, its title and where to play it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.look.markup import file_url, picture_url
from app.look.palette import clip_colour
from app.plots.kinds import colours_of
from app.session.service import Service
from mealrec.explain.trace import named

if TYPE_CHECKING:
    from mealrec.explain.trace import Kind, LastClip, Recommendation

UPLOAD_TOPIC = "your upload"


@dataclass(frozen=True)
class Card:
    """One clip as the page draws it; `poster` and `clip` are addresses, "" where there is none.

    A new clip was held out of training: the model knows it by its content alone. `words` and `tags`
    are the title taken apart, `colour` the clip's own: what is drawn where there is no poster.
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
        parts = [" ".join(part.split()) for part in self.title.split("#") if part.strip()]
        return parts[0] if parts else ""

    @property
    def tags(self) -> str:
        """Return the hashtags after the words."""
        parts = [" ".join(part.split()) for part in self.title.split("#") if part.strip()]
        return " ".join(f"#{part}" for part in parts[1:])

    @property
    def colour(self) -> str:
        """Return the colour behind a title without a poster."""
        return clip_colour(self.topic, self.item_id)


def card(service: Service, item_id: str) -> Card:
    """Return the card of a clip of the catalogue or of an upload."""
    upload = service.uploads.get(item_id)
    if upload is not None:
        frames = list(upload.thumbnails)
        poster = picture_url(frames[len(frames) // 2]) if frames else ""
        return Card(item_id, upload.title or "Your clip", UPLOAD_TOPIC, poster, "")
    catalogue = service.catalogue
    item = catalogue.get(item_id)
    if item is None:
        return Card(item_id, named("", item_id), "", "", "")
    return Card(
        item_id,
        named(item.title.strip(), item_id),
        item.topic,
        file_url(catalogue.media.poster_path(item_id)),
        file_url(catalogue.media.clip_path(item_id)),
        item.held_out,
    )


def cards(service: Service, item_ids: Iterable[str]) -> list[Card]:
    """Return the cards of several clips, in order."""
    return [card(service, item_id) for item_id in item_ids]


def quoted(title: str, limit: int = 30) -> str:
    """Return a title in quotation marks, cut to about `limit` characters."""
    words = " ".join(title.split())
    return f"“{words if len(words) <= limit else words[: limit - 1].rstrip() + '…'}”"


def kind_name(kinds: Sequence[Kind], kind: int) -> str:
    """Return the name of a kind of moments; "" for none."""
    return kinds[kind].name if 0 <= kind < len(kinds) else ""


def kind_colours(answer: Recommendation) -> list[str]:
    """Return a colour for each kind, the same as in the run's charts."""
    return colours_of(answer) if answer.kinds else []


def moment_name(answer: Recommendation, frames: Sequence[int]) -> str:
    """Return what a moment of the last clip, or a part of its title, is called inside a
    sentence."""
    last = answer.last
    if last.segments:
        return f"the words {quoted(segment_words(last, frames))}"
    alike = [moment for moment in last.moments if set(moment.frames) >= set(frames)]
    name = kind_name(answer.kinds, alike[0].kind) if alike else ""
    if not name:
        return span(last, frames)
    twins = [moment for moment in last.moments if moment.kind == alike[0].kind]
    return f"the {name} moment" + (f" ({span(last, frames)})" if len(twins) > 1 else "")


def segment_words(last: LastClip, frames: Sequence[int]) -> str:
    """Return the part of the title that stands in for some frames; a text held for several
    stands once."""
    return " ".join(dict.fromkeys(last.segments[frame] for frame in frames))


def span(last: LastClip, frames: Sequence[int]) -> str:
    """Return when a moment is on show, such as "second 1.5" or "seconds 1.5 to 3.5"."""
    first, end = (float(last.times_s[frame]) for frame in (frames[0], frames[-1]))
    return f"second {first:.1f}" if len(frames) == 1 else f"seconds {first:.1f} to {end:.1f}"
