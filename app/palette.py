"""Colours shared by the page, the cards and the charts; free of any import."""

ACCENT_LIGHT = "#6d4aff"
ACCENT_DARK = "#a48bff"

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
_OTHER_TOPIC = "#7d7a88"


def topic_colour(topic: str) -> str:
    """Return a topic's colour as #rrggbb; readable on a light and on a dark page."""
    return TOPIC_COLOURS.get(topic, _OTHER_TOPIC)
