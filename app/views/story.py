"""The page's own tour, "Show me": its steps, all from real runs, and the bar that tells them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import gradio as gr

from app.look.markup import render
from app.plots.style import quoted
from app.session.service import Service
from app.session.state import Session
from app.views.parts import card, in_words, moment_name, viewer_name
from mealrec.explain.trace import driving

if TYPE_CHECKING:
    from mealrec.bundle.manifest import ExampleViewer, ViewerCase
    from mealrec.explain.trace import Moment, Recommendation

ASKED = Session()
"""How the story asks: ten clips of the whole model, seed 0. The controls are set to the same."""

NO_VIEWERS = "This bundle holds no viewers, so there is no story to show: pick a clip instead."
_CLIPS_WATCHED = 6  # a longer history begins in the middle, so that the story stays short
_ENOUGH = 3  # clips of a history that is worth watching
_VIEWERS_TRIED = 24  # each is a ranking of its own
_TITLE_LIMIT = 34

# The button stands in the header, which is drawn again; it reaches this component through app.js.
# What the story clicks goes through the same line as a visitor's clicks.
_SCRIPT = """
window.mealrecShow.mount({
  ask: () => trigger("select", {}),
  click: (data) => window.mealrecClicks.add(trigger, "click", data),
  bar: element.querySelector(".show"),
});
watch("value", () => props.value && window.mealrecShow.play(props.value.steps));
"""


@dataclass(frozen=True)
class Step:
    """One step: what is said, where to look, and what is clicked for it.

    `history` and `hidden` are those of the ranking to wait for before the words count, `chart` is
    one to play, and `hold_s` is how long the step stays.
    """

    words: str
    look: str
    hold_s: float
    history: str
    hidden: str = ""
    click: dict[str, str] | None = None
    chart: str = ""


@dataclass(frozen=True)
class _Case:
    """A viewer, the answer to its history, and the moment that drove it most."""

    viewer: ExampleViewer | ViewerCase
    answer: Recommendation
    moment: Moment

    @property
    def worth(self) -> tuple[bool, bool, float]:
        """Return what makes a good story: #1 changes, clips to watch, #1's chance falls far."""
        is_long = len(self.viewer.history) >= _ENOUGH
        return self.moment.rank_without > 1, is_long, self.moment.influence


def build() -> gr.HTML:
    """Place the caption bar; it stays hidden until a story plays."""
    return gr.HTML(
        value=None,
        html_template=render("show.html"),
        js_on_load=_SCRIPT,
        apply_default_css=False,
        elem_id="show-me",
    )


def value(steps: Sequence[Step]) -> dict:
    """Return a story for the caption bar; the time makes each one new, so that it plays again."""
    return {"steps": [asdict(step) for step in steps], "made_ns": str(time.time_ns())}


def steps(service: Service) -> list[Step]:
    """Return the story's steps, for a bundle that `has_viewers`.

    Without a moment that drives anything, the part about hiding one is left out. Raises
    RequestError where the model is not there.
    """
    cases = list(_cases(service))

    # No moment drives anything: one viewer's history and its walk.
    if not cases:
        viewer = _candidates(service)[0]
        answer = service.recommend(replace(ASKED, history=viewer.history).question)
        return [*_filling(service, viewer), *_walking(viewer.history, answer)]

    # The best of the viewers, with a moment to hide.
    case = max(cases, key=lambda case: case.worth)
    return [
        *_filling(service, case.viewer),
        *_reading(case),
        *_hiding(service, case),
        *_walking(case.viewer.history, case.answer),
    ]


def has_viewers(service: Service) -> bool:
    """Say whether the bundle holds a viewer to tell of."""
    return bool(_candidates(service))


def _candidates(service: Service) -> Sequence[ExampleViewer | ViewerCase]:
    recommender = service.recommender()
    return (*recommender.viewers, *recommender.test_viewers)[:_VIEWERS_TRIED]


def _cases(service: Service) -> Iterator[_Case]:
    """Yield the viewers whose last clip has a moment that drives #1.

    Example viewers come first, further ones only if none of those is good.
    """
    examples = len(service.recommender().viewers)
    is_found = False
    for number, viewer in enumerate(_candidates(service)):
        if is_found and number >= examples:
            return
        # Only a viewer with a moment that drives #1 has a story.
        answer = service.recommend(replace(ASKED, history=viewer.history).question)
        moment = driving(answer.last.moments)
        if moment is not None:
            case = _Case(viewer, answer, moment)
            is_found = is_found or case.worth[:2] == (True, True)
            yield case


def _filling(service: Service, viewer: ExampleViewer | ViewerCase) -> Iterator[Step]:
    """Fill the history, clip by clip; each is a ranking of its own."""
    # The words are the same at every step, so that they can be read.
    count = len(viewer.history)
    clips = "this clip"
    if count > 1:
        clips = f"these {count} clips. The ranking follows every one of them"

    # The last step stays; those before it pass quickly.
    for watched in range(max(1, count - _CLIPS_WATCHED + 1), count + 1):
        yield Step(
            words=f"{viewer_name(service, viewer.viewer_id)} watched {clips}.",
            look="#history-column",
            hold_s=2.0 if watched == count else 0.6,
            history=",".join(viewer.history[:watched]),
            click={"action": "watch", "id": viewer.viewer_id, "position": str(watched)},
        )


def _reading(case: _Case) -> Iterator[Step]:
    """Say what the next click is for."""
    # The kind that is wanted most, next to what anybody wants of it, and a second one.
    answer = case.answer
    first, *others = answer.out_for(2)
    name = answer.kinds[first].name
    share = in_words(float(answer.wanted[first]))
    anybody = in_words(float(answer.anybody[first]))
    then = f", then {answer.kinds[others[0]].name}" if others else ""
    yield Step(
        words="From them the model reads what the next click is for: "
        f"{name}, {share} (for anybody {anybody}){then}.",
        look="#wants-column",
        hold_s=4.5,
        history=",".join(case.viewer.history),
    )


def _hiding(service: Service, case: _Case) -> Iterator[Step]:
    """Point at the moment that drives #1, hide it, and show it again."""
    answer = case.answer
    frames = case.moment.frames
    history = ",".join(case.viewer.history)
    hidden = ",".join(map(str, frames))
    click = {"action": "moment", "frames": hidden}

    # The moment.
    name = moment_name(answer, frames)
    drives = "drive" if answer.last.segments else "drives"
    top = quoted(card(service, answer.items[0].item_id).title, _TITLE_LIMIT)
    yield Step(f"In the last clip, {name} {drives} #1, {top}.", "#moments-column", 3.5, history)

    # What its hiding does to the first clip, and to the kind that it shows.
    rank = case.moment.rank_without
    fall = f"#1 falls to {rank}" if rank > 1 else "#1 stays first, but less surely"
    without = service.recommend(replace(ASKED, history=case.viewer.history, hidden=frames).question)
    moved = _kind_moved(answer, without, case.moment.kind)
    yield Step(
        words=f"Hide it, and ask again: {fall}{moved}.",
        look="#ranked-column",
        hold_s=6.0,
        history=history,
        hidden=hidden,
        click=click,
    )

    # The same click again.
    back = "Show it again, and everything comes back."
    yield Step(back, "#moments-column", 2.5, history, click=click)


def _kind_moved(answer: Recommendation, without: Recommendation, kind: int) -> str:
    before = in_words(float(answer.wanted[kind]))
    after = in_words(float(without.wanted[kind]))
    return f", and {answer.kinds[kind].name} from {before} to {after}" if before != after else ""


def _walking(history: Sequence[str], answer: Recommendation) -> Iterator[Step]:
    """Show the walk of the preference, where the model has one; and a word at the end."""
    # The chart plays its animation while the words stand.
    asked = ",".join(history)
    if answer.npd:
        count = len(answer.npd)
        walk = f"a walk of {count} steps, from noise to what the next click is for"
        words = f"This is how it got there: {walk}."
        yield Step(words, "#chart-npd-walk", 7.5, asked, chart="npd-walk")
    end = "That was it. Now pick clips of your own, or hide another moment."
    yield Step(end, "#history-column", 3.0, asked)
