"""The last clip's moments: what each shows, whether it fits the interest, whether it drove #1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import log

from app.plots import kinds, moment_bars, style
from mealrec.explain.trace import LastClip, Moment, Recommendation, driving

TITLE = "Which moments of the last clip matter"
UNITS = (
    "kinds: share of each frame · interest: times as likely as for anybody · "
    "drive: how far #1’s chance falls"
)
SEGMENTS_TITLE = "Which parts of the last clip’s title matter"
SEGMENTS_UNITS = UNITS.replace("each frame", "each segment")
EMPTY = "This variant does not look at single frames, so there is nothing to tell apart here."

_HEADS = {"yaxis2": "Fits your interest", "yaxis3": "Drove this recommendation"}
# How tall each part is, from the top down, and how wide a letter of a name.
_LINE_PX = 20
_NAMES_PX = 30
_KINDS_PX = 92
_HEAD_PX = 28
_TICKS_PX = 24
_NAME_LETTER_PX = 7.4
# How far up the axes of the two answers reach at least: to twice as likely, to a tenth of #1's
# chance.
_TWICE = log(2)
_TENTH = 0.1

# What fits on a phone, as in `Plan`, and how many frames fill its width with their times.
_PHONE = {"room": 290, "tallest": 100, "bars": 84, "letters": 38}
_CROWDED = 6


@dataclass(frozen=True)
class Plan:
    """What is drawn, and where: `lines` are the title's texts, each with its segments.

    From the top: the title's lines, the moments' names, pictures, kinds, interest and drive. What
    fits on a wide page, in pixels: `room` for the frames side by side, `tallest` picture, `bars` of
    an answer; in letters: `letters` of a line of the title.
    """

    trace: Recommendation
    pictures: Sequence[str]
    lines: Sequence[tuple[str, list[int]]]
    room: int = 640
    tallest: int = 190
    bars: int = 92
    letters: int = 84

    @property
    def above(self) -> int:
        """Return how many pixels the title's lines take."""
        return _LINE_PX * len(self.lines) + 10 if self.lines else 0

    @property
    def picture_px(self) -> int:
        """Return how tall upright pictures are that share the room."""
        if not self.pictures:
            return 0
        # As wide as a bar, and 9:16.
        shared = 0.86 * self.room / len(self.trace.last.shares)
        return min(self.tallest, round(shared * 16 / 9) + 6)

    @property
    def height(self) -> int:
        """Return the height of the plot without its margins, in pixels."""
        rows = self.above + _NAMES_PX + self.picture_px + _KINDS_PX
        return rows + 2 * (_HEAD_PX + self.bars)

    @property
    def domains(self) -> dict[str, list[float]]:
        """Return where the pictures and the three value axes stand: [low, high] in [0, 1]."""
        # The room above each for its head, and its own size.
        rows = {
            "pictures": (0, self.picture_px),
            "yaxis": (0, _KINDS_PX),
            "yaxis2": (_HEAD_PX, self.bars),
            "yaxis3": (_HEAD_PX, self.bars),
        }

        # From the top down.
        domains = {}
        top = self.above + _NAMES_PX
        for name, (head, size) in rows.items():
            top += head
            domains[name] = [self.share_below(top + size), self.share_below(top)]
            top += size
        return domains

    def share_below(self, pixels: int) -> float:
        """Return so many pixels from the top as plotly has it: from the bottom, in [0, 1]."""
        return round(1 - pixels / self.height, 5)


def figure(trace: Recommendation, thumbnails: Sequence[str] = ()) -> dict:
    """Draw what the frames show, and under it both answers, a bar a moment.

    Args:
        trace: the run.
        thumbnails: one image a frame, as data URIs; none for segments of a title.
    """
    last = trace.last
    if not len(last.shares):
        return style.note(TITLE, UNITS)

    # Either the title's lines or pictures stand above the bars.
    lines = []
    for text, run in groupby(range(len(last.segments)), key=lambda place: last.segments[place]):
        lines.append((text, list(run)))
    wide = Plan(trace, thumbnails, lines)
    bars = moment_bars.shares(trace, wide.room)
    return style.titled(
        SEGMENTS_TITLE if lines else TITLE,
        SEGMENTS_UNITS if lines else UNITS,
        height=wide.height + _TICKS_PX + 4,
        data=[*bars, *moment_bars.interest(trace), *moment_bars.drive(trace)],
        margin={"l": 46, "r": 10, "t": 4, "b": _TICKS_PX},
        barmode="stack",
        **_axes(wide),
        images=_pictures(wide),
        shapes=_brackets(wide),
        annotations=_annotations(wide),
        meta={"narrow": _narrow(replace(wide, **_PHONE))},
    )


def reading(trace: Recommendation) -> str:
    """Name the moment that fits best and the moment that the top clip owes most to."""
    moments = trace.last.moments
    if not moments:
        return EMPTY

    # What fits best.
    best = max(moments, key=lambda moment: moment.interest)
    is_many = len(best.frames) > 1
    named = _named(trace, best)
    if best.interest > 0:
        fit = "fit" if is_many else "fits"
        times = moment_bars.factor(best.interest)[1:]
        said = f"{named[0].upper()}{named[1:]} {fit} your interest best, "
        said += f"{times} times as likely as for anybody"
    else:
        said = f"No moment speaks for you more than for anybody, {named} still the most"

    # What drove the first recommendation: the same one, another one, or none.
    driver = driving(moments)
    if driver is None:
        return f"{said}; hiding any one moment would hardly lower the top clip’s chance."
    if driver is best:
        hiding = "and hiding them" if is_many else "and hiding it"
    else:
        hiding = f"while hiding {_named(trace, driver)}"
    loss = style.percent(moment_bars.fall(driver))
    said += f", {hiding} would cost the top clip {loss} of its chance"
    if driver.rank_without > 1:
        said += f" and move it to rank {driver.rank_without}"
    return f"{said}."


def _named(trace: Recommendation, moment: Moment) -> str:
    """Return a moment by its frames and its kind, for a reading."""
    plural = "s" if len(moment.frames) > 1 else ""
    frames = f"{style.part(trace.last)}{plural} {style.span(moment.frames)}"
    return f"{frames} ({kinds.quoted(trace.kinds, moment.kind)})"


def _axes(plan: Plan) -> dict:
    """Return the frames' axis and the three upright ones.

    Evidence stands in log units, so that twice and half as likely are equally far from ×1.
    """
    # Both answers' values set the ends of their axes.
    moments = plan.trace.last.moments
    domains = plan.domains
    interest = [moment.interest for moment in moments]
    drive = [moment_bars.drawn_fall(moment) for moment in moments]

    # The frames stand side by side, each at a whole number.
    names = _frame_names(plan.trace.last, unit=" s")
    places = range(len(names))
    ends = [-0.5, len(names) - 0.5]
    return {
        "xaxis": style.names_axis(places, names, anchor="y3", range=ends),
        "yaxis": style.axis(
            "shows", domain=domains["yaxis"], range=[0, 1.12], showgrid=False, tickvals=[]
        ),
        "yaxis2": _value_axis(
            "interest", interest, _TWICE, domain=domains["yaxis2"], tickvals=[0], ticktext=["×1"]
        ),
        "yaxis3": _value_axis(
            "drive", drive, _TENTH, domain=domains["yaxis3"], tickformat=".0%", nticks=3
        ),
    }


def _value_axis(title: str, values: Sequence[float], least: float, **settings: object) -> dict:
    """Return an axis that holds zero and leaves room for the words above (or below) each bar.

    It reaches up to `least` at least: next to nothing shall not look like much.
    """
    low = min([0.0, *values])
    high = max([least, *values])
    # Below zero only where a bar hangs there.
    room = 0.42 * (high - low)
    ends = [low - room if low < 0 else low, high + room]
    return style.axis(title, range=ends, zeroline=True, zerolinecolor=style.LINE, **settings)


def _frame_names(last: LastClip, unit: str) -> list[str]:
    """Return the frames' times, or the segments' numbers."""
    if last.segments:
        return [str(number) for number in range(1, len(last.shares) + 1)]
    return [f"{time:.1f}{unit}" for time in last.times_s]


def _pictures(plan: Plan) -> list[dict]:
    """Return the frames' pictures; those of hidden ones are faint."""
    low, high = plan.domains["pictures"]
    size = (0.86, 0.94 * (high - low))
    drawn = []
    for frame, source in enumerate(plan.pictures):
        opacity = 0.25 if frame in plan.trace.hidden else 1
        place = {"xref": "x", "yref": "paper", "opacity": opacity}
        drawn.append(style.picture(source, frame, (low + high) / 2, size, **place))
    return drawn


def _brackets(plan: Plan) -> list[dict]:
    """Return a stroke over each moment's frames, and a tint of its kind down through the rows."""
    colours = kinds.colours_of(plan.trace)
    depth = plan.above + 23
    shapes = []
    for moment in plan.trace.last.moments:
        # Both reach over the moment's frames.
        colour = colours[moment.kind]
        ends = {"x0": moment.frames[0] - 0.45, "x1": moment.frames[-1] + 0.45}
        ends |= {"xref": "x", "yref": "paper"}
        stroke = {
            "type": "line",
            "ysizemode": "pixel",
            "yanchor": 1,
            "y0": -depth,
            "y1": -depth,
            "line": {"color": colour, "width": 4},
        }
        tint = {
            "type": "rect",
            "layer": "below",
            "y0": 0,
            "y1": plan.share_below(depth + 2),
            "line": {"width": 0},
            "fillcolor": colour,
            "opacity": 0.07,
        }
        shapes += [{**ends, **stroke}, {**ends, **tint}]
    return shapes


def _annotations(plan: Plan) -> list[dict]:
    """Return the answers' heads, each moment's kind over its bracket, and the title's lines."""
    look = style.font(12, style.INK)
    heads = []
    place = {"xref": "paper", "yref": "paper", "yshift": 4, "xanchor": "left", "yanchor": "bottom"}
    for axis, text in _HEADS.items():
        heads.append(style.label(f"<b>{text}</b>", 0, plan.domains[axis][1], look, **place))

    # A kind's name is cut to the room of its moment's frames.
    names = []
    place = {"xref": "x", "yref": "paper", "yshift": -plan.above}
    place |= {"xanchor": "center", "yanchor": "top"}
    frame_px = plan.room / len(plan.trace.last.shares)
    for moment in plan.trace.last.moments:
        limit = moment_bars.letters(len(moment.frames) * frame_px, _NAME_LETTER_PX)
        text = f"<b>{kinds.name(plan.trace.kinds, moment.kind, limit)}</b>"
        middle = (moment.frames[0] + moment.frames[-1]) / 2
        names.append(style.label(text, middle, 1, look, **place))

    # A text held for several segments stands once.
    texts = []
    place = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    place |= {"xshift": -34, "align": "left"}
    for number, (text, segments) in enumerate(plan.lines):
        words = style.safe(text, plan.letters) or "(no title)"
        line = f"<b>{style.span(segments)}</b>  {words}"
        below = {"yshift": -_LINE_PX * number}
        texts.append(style.label(line, 0, 1, style.font(13, style.INK), **place, **below))
    return [*heads, *names, *texts]


def _narrow(plan: Plan) -> dict:
    """Return what a phone changes: pictures are small, bars take the room, words are shorter."""
    # Times stand without their unit where frames are many.
    settings = {"layout.height": plan.height + _TICKS_PX + 4}
    if len(plan.trace.last.shares) > _CROWDED:
        settings["layout.xaxis.ticktext"] = _frame_names(plan.trace.last, unit="")
    for axis in ("yaxis", "yaxis2", "yaxis3"):
        settings[f"layout.{axis}.domain"] = plan.domains[axis]

    # The heads move with their axes; of names and lines the words change.
    for number, note in enumerate(_annotations(plan)):
        changed = "y" if number < len(_HEADS) else "text"
        settings[f"layout.annotations.{number}.{changed}"] = note[changed]
    for number, image in enumerate(_pictures(plan)):
        settings[f"layout.images.{number}.y"] = image["y"]
        settings[f"layout.images.{number}.sizey"] = image["sizey"]
    for number, shape in enumerate(_brackets(plan)):
        if shape["type"] == "rect":
            settings[f"layout.shapes.{number}.y1"] = shape["y1"]
    for number, words in enumerate(moment_bars.share_texts(plan.trace, plan.room)):
        settings[f"data.{number}.text"] = words
    return settings
