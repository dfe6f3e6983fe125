"""What every view shows of a clip: its poster, its title and where to play it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.markup import file_url, picture_url
from app.palette import clip_colour
from app.service import Service

if TYPE_CHECKING:
    from mealrec.recommender.trace import FrameRelevance

UPLOAD_TOPIC = "your upload"


@dataclass(frozen=True)
class Card:
    """One clip as the page draws it; `poster` and `clip` are addresses, "" where there is none.

    A new clip was held out of training: the model knows it by its content alone. `words` and `tags` are the title
    taken apart, `colour` the clip's own: what is drawn where there is no poster.
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
        return Card(item_id, f"Clip {item_id}", "", "", "")
    return Card(
        item_id,
        item.title,
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


def moment_name(relevance: FrameRelevance, frame: int) -> str:
    """Return what a frame, or a segment of the title, is called inside a sentence."""
    if relevance.segments:
        words = relevance.segments[frame]
        return f"the words {quoted(words)}{f' (part {frame + 1})' if relevance.segments.count(words) > 1 else ''}"
    return f"second {relevance.times_s[frame]:.1f}"
