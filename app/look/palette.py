"""Colours shared by the page, the cards and the charts; free of the project's other parts."""

from __future__ import annotations

from zlib import crc32

# The sample catalogue's topics, each in the colour that fits it.
TOPIC_COLOURS = {
    "nature": "#3f9b5f",
    "sea": "#2492b8",
    "space": "#7a6bf0",
    "city": "#8a8699",
    "food": "#d9792b",
    "sport": "#d2504f",
    "music": "#c556a8",
    "pets": "#b38a1d",
}
_NO_TOPIC = "#7d7a88"
# Any other topic gets one of these; the city's is nearly the grey of no topic.
_HUES = tuple(colour for topic, colour in TOPIC_COLOURS.items() if topic != "city")


def topic_colour(topic: str) -> str:
    """Return a topic's colour as #rrggbb; readable on a light and on a dark page."""
    if not topic:
        return _NO_TOPIC
    return TOPIC_COLOURS.get(topic) or _hue(crc32(topic.encode()))


def clip_colour(topic: str, item_id: str) -> str:
    """Return the colour of a clip without a picture: its topic's, or else one of its own."""
    return topic_colour(topic) if topic else _hue(crc32(item_id.encode()))


def rank_colour(topic: str, rank: int) -> str:
    """Return the colour of a ranked clip in a chart: its topic's, or else one for its rank."""
    return topic_colour(topic) if topic else _hue(rank)


def _hue(number: int) -> str:
    return _HUES[number % len(_HUES)]
