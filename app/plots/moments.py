"""The last clip's moments: what each shows, and two questions: does it fit the interest, did it
drive the ranking?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.plots import kinds, moment_bars, style
from mealrec.explain.trace import LastClip, Moment, Recommendation, driving

TITLE = "Which moments of the last clip matter"
UNITS = "kinds: share of each frame · interest: times as likely as for anybody · drive: how far #1’s chance falls"
SEGMENTS_TITLE = "Which parts of the last clip’s title matter"
SEGMENTS_UNITS = UNITS.replace("each frame", "each segment")
EMPTY = "This variant does not look at single frames, so there is nothing to tell apart here."

_WIDE_TEXT, _NARROW_TEXT = 84, 38
_NARROW_PX, _CROWDED = 290, 6
"""The room that the frames side by side have on a phone, and how many fill it."""
_LINE_PX, _HEAD_PX, _TICKS_PX = 20, 28, 24


@dataclass(frozen=True)
class Rows:
    """How tall the rows are, in pixels from the top: moments' names, pictures, kinds, then
    interest and drive."""

    names: int
    pictures: int
    kinds: int
    bars: int

    @property
    def height(self) -> int:
        """Return the height of the plot without its margins."""
        return self.names + self.pictures + self.kinds + 2 * (self.bars + _HEAD_PX)

    def between(self, top: int, size: int) -> list[float]:
        """Return a row from `top` pixels down as plotly has it: [low, high] from the bottom, in
        [0, 1]."""
        return [round(1 - (top + size) / self.height, 5), round(1 - top / self.height, 5)]

    @property
    def domains(self) -> dict[str, list[float]]:
        """Return where the pictures and the three value axes stand."""
        below = self.names + self.pictures
        interest = below + self.kinds + _HEAD_PX
        return {
            "pictures": self.between(self.names, self.pictures),
            "yaxis": self.between(below, self.kinds),
            "yaxis2": self.between(interest, self.bars),
            "yaxis3": self.between(interest + self.bars + _HEAD_PX, self.bars),
        }


def figure(trace: Recommendation, thumbnails: Sequence[str] = ()) -> dict:
    """Draw what the frames show, and under it both answers, a bar a moment.

    Args:
        trace: the run.
        thumbnails: one image a frame, as data URIs; without them the frames are numbered only.
    """
    last = trace.last
    if not len(last.shares):
        return style.note(TITLE, UNITS)
    lines = [
        (text, [place for place, _ in run])
        for text, run in groupby(enumerate(last.segments), lambda e: e[1])
    ]
    pictures = () if lines else thumbnails[: len(last.shares)]
    above = _LINE_PX * len(lines) + 10 if lines else 0
    count = len(last.shares)
    wide = Rows(
        30 + above, _pictures_px(moment_bars.WIDTH_PX, count, 190) if pictures else 0, 92, 92
    )
    slim = Rows(30 + above, _pictures_px(_NARROW_PX, count, 100) if pictures else 0, 92, 84)
    chart = style.titled(
        SEGMENTS_TITLE if lines else TITLE,
        SEGMENTS_UNITS if lines else UNITS,
        height=wide.height + _TICKS_PX + 4,
        margin={"l": 46, "r": 10, "t": 4, "b": _TICKS_PX},
        barmode="stack",
        xaxis=_frames_axis(last),
        yaxis=style.axis(
            "shows", domain=wide.domains["yaxis"], range=[0, 1.12], showgrid=False, tickvals=[]
        ),
        yaxis2=_factor_axis(last, wide.domains["yaxis2"]),
        yaxis3=_chance_axis(last, wide.domains["yaxis3"]),
        images=[
            _thumbnail(source, place, wide, is_hidden=place in trace.hidden)
            for place, source in enumerate(pictures)
        ],
    )
    chart["data"] = [
        *moment_bars.shares(trace),
        *moment_bars.interest(trace),
        *moment_bars.drive(trace),
    ]
    chart["layout"]["shapes"] = _brackets(trace, wide, above)
    segments, names = _segments(lines, _WIDE_TEXT), _names(trace, above, moment_bars.WIDTH_PX)
    chart["layout"]["annotations"] = [*_heads(wide), *names, *segments]
    chart["layout"]["meta"] = {"narrow": _narrow(trace, chart, lines, slim, above)}
    return chart


def _pictures_px(room: int, count: int, most: int) -> int:
    """Return how tall upright pictures are that share the room."""
    return min(most, round(0.86 * room / count * 16 / 9) + 6)


def reading(trace: Recommendation) -> str:
    """Name the moment that fits best and the moment that the top clip owes most to."""
    last = trace.last
    if not last.moments:
        return EMPTY
    best = max(last.moments, key=lambda moment: moment.interest)
    driver = driving(last.moments)
    named, many = _named(trace, best), len(best.frames) > 1
    fits = f"{named[0].upper()}{named[1:]} fit{'' if many else 's'} your interest best"
    if best.interest > 0:
        fits += f", {moment_bars.factor(best.interest)[1:]} times as likely as for anybody"
    else:
        fits = f"No moment speaks for you more than for anybody, {named} still the most"
    if driver is None:
        return f"{fits}; hiding any one moment would not lower the top clip’s chance."
    which = ("them" if many else "it") if driver is best else _named(trace, driver)
    joint = "and" if driver is best else "while"
    loss = f"would cost the top clip {style.percent(moment_bars.fall(driver))} of its chance"
    rank = f" and move it to rank {driver.rank_without}" if driver.rank_without > 1 else ""
    return f"{fits}, {joint} hiding {which} {loss}{rank}."


def _named(trace: Recommendation, moment: Moment) -> str:
    plural = "s" if len(moment.frames) > 1 else ""
    return f"{style.part(trace.last)}{plural} {style.span(moment.frames)} ({kinds.quoted(trace.kinds, moment.kind)})"


def _frames_axis(last: LastClip) -> dict:
    names = [
        str(number + 1) if last.segments else f"{last.times_s[number]:.1f} s"
        for number in range(len(last.shares))
    ]
    return style.axis(
        "",
        showgrid=False,
        anchor="y3",
        range=[-0.5, len(names) - 0.5],
        tickvals=list(range(len(names))),
        ticktext=names,
    )


def _factor_axis(last: LastClip, domain: list[float]) -> dict:
    """Evidence in log units, so that twice and half as likely are equally far from the line at
    ×1."""
    values = [moment.interest for moment in last.moments]
    return _value_axis("interest", values, domain) | {"tickvals": [0], "ticktext": ["×1"]}


def _chance_axis(last: LastClip, domain: list[float]) -> dict:
    values = [moment_bars.drawn_fall(moment) for moment in last.moments]
    return _value_axis("drive", values, domain) | {"tickformat": ".0%", "nticks": 3}


def _value_axis(title: str, values: Sequence[float], domain: list[float]) -> dict:
    """An axis that holds zero and leaves room for the words above (or below) each bar."""
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    room = 0.42 * max(high - low, 1e-3)
    ends = [low - (room if low < 0 else 0), high + room]
    return style.axis(title, domain=domain, range=ends, zeroline=True, zerolinecolor=style.LINE)


def _heads(rows: Rows) -> list[dict]:
    domains = rows.domains
    words = {"yaxis2": "Fits your interest", "yaxis3": "Drove this recommendation"}
    place = {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "yshift": 4,
        "xanchor": "left",
        "yanchor": "bottom",
    }
    look = {"showarrow": False, "font": {"size": 12, "color": style.INK}}
    return [
        {"text": f"<b>{text}</b>", "y": domains[axis][1], **look, **place}
        for axis, text in words.items()
    ]


def _names(trace: Recommendation, above: int, room: int) -> list[dict]:
    """The moments' kinds, each over its bracket."""
    place = {
        "xref": "x",
        "yref": "paper",
        "y": 1,
        "yshift": -above,
        "xanchor": "center",
        "yanchor": "top",
    }
    look = {"showarrow": False, "font": {"size": 12, "color": style.INK}}
    texts = _name_texts(trace, room)
    return [
        {"text": text, "x": _middle(moment), **look, **place}
        for text, moment in zip(texts, trace.last.moments, strict=True)
    ]


def _name_texts(trace: Recommendation, room: int) -> list[str]:
    count = len(trace.last.shares)
    return [
        f"<b>{kinds.name(trace.kinds, moment.kind, moment_bars.letters(room * len(moment.frames) / count, 7.4))}</b>"
        for moment in trace.last.moments
    ]


def _middle(moment: Moment) -> float:
    return (moment.frames[0] + moment.frames[-1]) / 2


def _brackets(trace: Recommendation, rows: Rows, above: int) -> list[dict]:
    """A stroke over each moment's frames, and a tint of its kind down through the rows."""
    colours = kinds.colours_of(trace)
    shapes = []
    for moment in trace.last.moments:
        ends = {
            "xref": "x",
            "x0": moment.frames[0] - 0.45,
            "x1": moment.frames[-1] + 0.45,
            "yref": "paper",
        }
        colour, depth = colours[moment.kind], -(above + 23)
        stroke = {
            "ysizemode": "pixel",
            "yanchor": 1,
            "y0": depth,
            "y1": depth,
            "line": {"color": colour, "width": 4},
        }
        tint = {
            "y0": 0,
            "y1": _below_bracket(rows, above),
            "line": {"width": 0},
            "fillcolor": colour,
            "opacity": 0.07,
        }
        shapes += [
            {"type": "line", **ends, **stroke},
            {"type": "rect", "layer": "below", **ends, **tint},
        ]
    return shapes


def _below_bracket(rows: Rows, above: int) -> float:
    return round(1 - (above + 25) / rows.height, 5)


def _thumbnail(source: str, frame: int, rows: Rows, *, is_hidden: bool) -> dict:
    low, high = rows.domains["pictures"]
    place = {
        "xref": "x",
        "yref": "paper",
        "x": frame,
        "y": (low + high) / 2,
        "sizex": 0.86,
        "sizey": 0.94 * (high - low),
    }
    return style.picture(source, **place) | {"opacity": 0.25 if is_hidden else 1}


def _segments(lines: Sequence[tuple[str, list[int]]], limit: int) -> list[dict]:
    """The segments' texts, a line each; a text held for several segments stands once."""
    place = {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": 1,
        "xshift": -34,
        "xanchor": "left",
        "yanchor": "top",
    }
    look = {"showarrow": False, "align": "left", "font": {"size": 13, "color": style.INK}}
    return [
        {"text": _segment_text(text, places, limit), "yshift": -_LINE_PX * number, **look, **place}
        for number, (text, places) in enumerate(lines)
    ]


def _segment_text(text: str, places: list[int], limit: int) -> str:
    return f"<b>{style.span(places)}</b>  {style.safe(text, limit) or '(no title)'}"


def _narrow(
    trace: Recommendation,
    chart: dict,
    lines: Sequence[tuple[str, list[int]]],
    rows: Rows,
    above: int,
) -> dict:
    """On a phone the frames are small, so the bars take the room, and words are shorter."""
    domains = rows.domains
    low, high = domains["pictures"]
    heads, names = 2, _name_texts(trace, _NARROW_PX)
    settings = {"layout.height": rows.height + _TICKS_PX + 4}
    if len(trace.last.shares) > _CROWDED:
        settings["layout.xaxis.ticktext"] = [
            word.removesuffix(" s") for word in chart["layout"]["xaxis"]["ticktext"]
        ]
    for axis in ("yaxis", "yaxis2", "yaxis3"):
        settings[f"layout.{axis}.domain"] = domains[axis]
    for number, head in enumerate(_heads(rows)):
        settings[f"layout.annotations.{number}.y"] = head["y"]
    for number, text in enumerate(names, start=heads):
        settings[f"layout.annotations.{number}.text"] = text
    for number, (text, places) in enumerate(lines, start=heads + len(names)):
        settings[f"layout.annotations.{number}.text"] = _segment_text(text, places, _NARROW_TEXT)
    for number in range(len(chart["layout"]["images"])):
        settings[f"layout.images.{number}.y"] = (low + high) / 2
        settings[f"layout.images.{number}.sizey"] = 0.94 * (high - low)
    for number in range(1, len(chart["layout"]["shapes"]), 2):
        settings[f"layout.shapes.{number}.y1"] = _below_bracket(rows, above)
    for number, words in enumerate(moment_bars.share_texts(trace, _NARROW_PX)):
        settings[f"data.{number}.text"] = words
    return settings
