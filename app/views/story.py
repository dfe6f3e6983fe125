"""The story of "Show me": which viewer, which moment, and what is said at each step, all of it
from real runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.session.service import Service
from app.session.state import Session
from app.views.cards import card, moment_name, quoted
from app.views.history import viewer_name
from app.views.shares import in_words
from mealrec.explain.trace import driving

if TYPE_CHECKING:
    from mealrec.bundle.contents import ExampleViewer, ViewerCase
    from mealrec.explain.trace import Moment, Recommendation

ASKED = Session()
"""How the story asks: ten clips of the whole model, seed 0. The controls are set to the same."""

_CLIPS_WATCHED = 6
"""A longer history begins in the middle, so that the story stays short."""
_ENOUGH = 3
_VIEWERS_TRIED = 24
_TITLE_LIMIT = 34


@dataclass(frozen=True)
class Step:
    """One step: what is said, what is clicked for it ({} for nothing), and where to look.

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
        """Return what makes it a good story: #1 changes, there is a history to watch, and #1's
        chance falls far."""
        return (
            self.moment.rank_without > 1,
            len(self.viewer.history) >= _ENOUGH,
            self.moment.influence,
        )


def steps(service: Service) -> list[Step]:
    """Return the story's steps; without a moment that drives anything the part about hiding one is
    left out.

    Raises:
        RequestError: the model is not there, or the bundle holds no viewers.
    """
    cases = list(_cases(service))
    if cases:
        case = max(cases, key=lambda case: case.worth)
        return [
            *_watching(service, case),
            *_hiding(service, case),
            *_walking(case.viewer.history, case.answer),
        ]
    viewer = _candidates(service)[0]
    answer = service.recommend(replace(ASKED, history=viewer.history))
    return [*_filling(service, viewer), *_walking(viewer.history, answer)]


def has_viewers(service: Service) -> bool:
    """Say whether the bundle holds a viewer to tell of."""
    return bool(_candidates(service))


def _candidates(service: Service) -> Sequence[ExampleViewer | ViewerCase]:
    recommender = service.recommender()
    return (*recommender.viewers, *recommender.test_viewers)[:_VIEWERS_TRIED]


def _cases(service: Service) -> Iterator[_Case]:
    """Yield the viewers whose last clip has a moment that drives #1: example viewers, further
    ones only if needed."""
    examples = len(service.recommender().viewers)
    is_found = False
    for number, viewer in enumerate(_candidates(service)):
        if is_found and number >= examples:
            return
        answer = service.recommend(replace(ASKED, history=viewer.history))
        moment = driving(answer.last.moments)
        if moment is not None:
            case = _Case(viewer, answer, moment)
            is_found = is_found or case.worth[:2] == (True, True)
            yield case


def _filling(service: Service, viewer: ExampleViewer | ViewerCase) -> Iterator[Step]:
    """The history, clip by clip; each is a ranking of its own."""
    count, name = len(viewer.history), viewer_name(service, viewer.viewer_id)
    clips = (
        f"these {count} clips. The ranking follows every one of them" if count > 1 else "this clip"
    )
    words = f"{name} watched {clips}."
    first = max(1, count - _CLIPS_WATCHED + 1)
    for watched in range(first, count + 1):
        is_last = watched == count
        yield Step(
            words=words,
            look="#history-column",
            hold_s=2.0 if is_last else 0.6,
            history=",".join(viewer.history[:watched]),
            click={"action": "watch", "id": viewer.viewer_id, "position": str(watched)},
        )


def _watching(service: Service, case: _Case) -> Iterator[Step]:
    yield from _filling(service, case.viewer)
    answer = case.answer
    if not answer.kinds:
        return
    first, *others = answer.out_for(2)
    share, anybody = (in_words(float(shares[first])) for shares in (answer.wanted, answer.anybody))
    then = f", then {answer.kinds[others[0]].name}" if others else ""
    yield Step(
        words=f"From them the model reads what the next click is for: {answer.kinds[first].name}, {share} "
        f"(for anybody {anybody}){then}.",
        look="#wants-column",
        hold_s=4.5,
        history=",".join(case.viewer.history),
    )


def _hiding(service: Service, case: _Case) -> Iterator[Step]:
    """The moment that drives #1: shown, hidden, and shown again."""
    answer, frames = case.answer, case.moment.frames
    history, hidden = ",".join(case.viewer.history), ",".join(map(str, frames))
    name, top = (
        moment_name(answer, frames),
        quoted(card(service, answer.items[0].item_id).title, _TITLE_LIMIT),
    )
    click = {"action": "moment", "frames": hidden}
    drives = "drive" if answer.last.segments else "drives"
    yield Step(f"In the last clip, {name} {drives} #1, {top}.", "#moments-column", 3.5, history)
    without = service.recommend(replace(ASKED, history=case.viewer.history, hidden=frames))
    yield Step(
        words=f"Hide it, and ask again: {_fall(case)}{_kind_moved(answer, without, case.moment.kind)}.",
        look="#ranked-column",
        hold_s=6.0,
        history=history,
        hidden=hidden,
        click=click,
    )
    yield Step(
        "Show it again, and everything comes back.", "#moments-column", 2.5, history, click=click
    )


def _fall(case: _Case) -> str:
    rank = case.moment.rank_without
    return f"#1 falls to {rank}" if rank > 1 else "#1 stays first, but less surely"


def _kind_moved(answer: Recommendation, without: Recommendation, kind: int) -> str:
    if kind < 0:
        return ""
    before, after = (in_words(float(run.wanted[kind])) for run in (answer, without))
    return f", and {answer.kinds[kind].name} from {before} to {after}" if before != after else ""


def _walking(history: Sequence[str], answer: Recommendation) -> Iterator[Step]:
    """The walk of the preference, where the model has one; and a word at the end."""
    asked = ",".join(history)
    if answer.npd:
        words = f"This is how it got there: a walk of {len(answer.npd)} steps, from noise to what the next click is for."
        yield Step(words, "#chart-npd-walk", 7.5, asked, chart="npd-walk")
    yield Step(
        "That was it. Now pick clips of your own, or hide another moment.",
        "#history-column",
        3.0,
        asked,
    )
