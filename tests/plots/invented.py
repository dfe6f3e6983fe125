"""Invented runs, comparisons, viewers and maps: deterministic, of the same form as the recommender's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from mealrec.explain.trace import (
    Face,
    HistoryItem,
    Kind,
    KindMap,
    LastClip,
    Moment,
    NPDStep,
    RankedItem,
    Recommendation,
    TCDStep,
    ViewerMap,
)
from mealrec.recommender.comparing import Comparison, Overlap, SystemRanking

TOPICS = ("nature", "sea", "space", "city", "food", "sport", "music", "pets")
NASTY_TITLE = (
    '<img src=x onerror="alert(1)"> ${alert(2)} %{x} a & b <b>bold</b> and far longer than any label can hold #fyp'
)
KIND_NAMES = """waterfall|lighthouse|nebula|tram|ramen|skatepark|cello|hedgehog|pine forest|jellyfish|rocket launch
skyline at night|pancakes|climbing wall|drum kit|kittens|autumn leaves|coral reef|moon crater|rooftop|espresso|surfing
choir|parrot|snowfall|sailing boat|meteor shower|subway|bread oven|table tennis|street piano|puppy|mushrooms|whale
space walk|market hall|sushi|bicycle race|violin|aquarium|meadow|rock pool|telescope|crane|barbecue|ski jump
record player|goldfish""".replace("\n", "|").split("|")
KINDS = 48
SYSTEMS = ("full", "no_npd", "backbone", "no_tcd", "sasrec", "popularity")


def named(figure: dict, name: str) -> dict:
    """Return the trace of a figure that has this name."""
    return next(drawn for drawn in figure["data"] if drawn["name"] == name)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return shares that sum to 1 along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def invented_kinds(count: int = KINDS, *, items: int = 320, hostile: bool = False) -> tuple[Kind, ...]:
    """Return kinds spread over the map; a `hostile` one has markup for its name, and nothing else."""
    shares = softmax(np.random.default_rng(5).normal(0, 0.6, count))
    rows = np.arange(count)

    # Their places run outwards along a spiral.
    radius = 0.45 * np.sqrt((rows + 0.5) / count)
    angle = rows * np.pi * (3 - np.sqrt(5))
    places = 0.5 + np.transpose([radius * np.cos(angle), radius * np.sin(angle)])
    names = [KIND_NAMES[row] if row < len(KIND_NAMES) else f"kind {row + 1}" for row in rows]
    if hostile:
        names = [NASTY_TITLE if row % 3 == 0 else f"{name} {'and on ' * 20}" for row, name in enumerate(names)]
    return tuple(
        Kind(
            index=row,
            name=names[row],
            words=() if hostile else (names[row].split()[0],),
            sights=() if hostile else (f"a {names[row]}",),
            faces=tuple(Face(str(1 + (row + count * more) % items), 0, 0.9 - 0.1 * more) for more in range(3)),
            share=float(shares[row]),
            place=(float(places[row, 0]), float(places[row, 1])),
        )
        for row in rows
    )


def invented_map(
    *,
    items: int = 320,
    kinds: int = KINDS,
    hostile: bool = False,
    topics: tuple[str, ...] = TOPICS,
    **_: object,
) -> KindMap:
    """Return a catalogue whose items lie around their largest kind's place; other forms of a run are let pass."""
    rng = np.random.default_rng(11)
    described = invented_kinds(kinds, items=items, hostile=hostile)
    own = np.arange(items) % kinds
    logits = rng.normal(0, 0.7, (items, kinds))
    logits[np.arange(items), own] += 4.0
    places = np.array([kind.place for kind in described])[own]
    titles = tuple(
        NASTY_TITLE if row % 40 == 7 else f"what a {described[kind].name} number {row + 1} #relax"
        for row, kind in enumerate(own)
    )
    return KindMap(
        item_ids=tuple(str(row + 1) for row in range(items)),
        titles=titles,
        topics=tuple(topics[kind % len(topics)] for kind in own),
        points=places + rng.normal(0, 0.16 / np.sqrt(kinds), (items, 2)),
        shares=softmax(logits),
        kinds=described,
    )


def invented_run(
    *,
    steps: int = 25,
    top_k: int = 10,
    frames: int = 5,
    items: int = 320,
    kinds: int = KINDS,
    tcd: bool = True,
    npd: bool = True,
    segments: tuple[str, ...] = (),
    topics: tuple[str, ...] = TOPICS,
    hostile: bool = False,
    seed: int = 7,
) -> Recommendation:
    """Return a run whose walks really end where they say, over the catalogue of `invented_map`."""
    rng = np.random.default_rng(seed)
    catalogue = invented_map(items=items, kinds=kinds, hostile=hostile, topics=topics)
    anybody = np.array([kind.share for kind in catalogue.kinds])

    # The end of the walk wants six kinds far more than anybody does.
    lift = rng.normal(0, 0.5, kinds)
    lift[rng.permutation(kinds)[:6]] += np.linspace(3.4, 1.4, 6)[: min(6, kinds)]
    end = np.log(anybody) + lift

    # The ranking, without what was watched.
    watched = {"1", "2", "3"}
    scores = catalogue.shares @ softmax(end) + 0.01 * rng.normal(size=items)
    order = np.array([row for row in np.argsort(-scores) if catalogue.item_ids[row] not in watched][:top_k])
    npd_steps = _npd_steps(rng, steps, end, scores, order, catalogue.item_ids) if npd else ()
    last = _last_clip(rng, frames, end, anybody, segments)
    return Recommendation(
        items=tuple(_ranked(catalogue, int(row), rank, end) for rank, row in enumerate(order, start=1)),
        history=tuple(
            HistoryItem(item_id, catalogue.titles[row], catalogue.topics[row], 1 / 3, 0.4 - row, catalogue.shares[row])
            for row, item_id in enumerate(sorted(watched))
        ),
        last=last,
        tcd=_tcd_steps(rng, steps, last.shares) if tcd and frames else (),
        npd=npd_steps,
        kinds=catalogue.kinds,
        wanted=npd_steps[-1].wanted if npd else softmax(end),
        start=softmax(0.4 * lift + np.log(anybody) + rng.normal(0, 0.3, kinds)),
        anybody=anybody,
        uploads=(),
        timing_ms={"total": 88.0},
        bundle="invented",
        variant="full",
        seed=seed,
        num_steps=steps,
    )


def _ranked(catalogue: KindMap, row: int, rank: int, end: np.ndarray) -> RankedItem:
    kind = int((catalogue.shares[row] * softmax(end)).argmax())
    title = NASTY_TITLE if rank == 2 else catalogue.titles[row]
    return RankedItem(catalogue.item_ids[row], title, catalogue.topics[row], 9.0 - 0.31 * rank, rank, kind, 0)


def _last_clip(
    rng: np.random.Generator, frames: int, end: np.ndarray, anybody: np.ndarray, segments: tuple[str, ...]
) -> LastClip:
    """The third item: runs of two frames of a kind, the first ones wanted, the last one by nobody in particular."""
    kinds = len(end)
    most = np.argsort(-end)
    logits = rng.normal(0, 0.8, (frames, kinds))
    for frame in range(frames):
        logits[frame, most[(frame // 2) % kinds]] += 4.5
        logits[frame, most[(frame // 2 + 7) % kinds]] += 3.0
    shares = softmax(logits)
    interest = np.log(shares @ (softmax(end) / anybody)) - 0.6
    influence = rng.uniform(-0.05, 0.5, frames)
    return LastClip(
        item_id="3",
        times_s=np.arange(frames) + 0.5,
        shares=shares,
        interest=interest,
        influence=influence,
        rank_without=rng.integers(1, 5, frames),
        moments=tuple(_moments(rng, shares, interest, influence)),
        segments=segments,
    )


def _moments(
    rng: np.random.Generator, shares: np.ndarray, interest: np.ndarray, influence: np.ndarray
) -> Iterator[Moment]:
    for kind, run in groupby(range(len(shares)), lambda frame: int(shares[frame].argmax())):
        frames = list(run)
        share = float(shares[frames, kind].mean())
        drop = 1.3 * float(influence[frames].sum())
        rank = int(rng.integers(1, 5))
        kept = int(rng.integers(4, 11))
        yield Moment(tuple(frames), kind, share, float(interest[frames].mean()), drop, drop, rank, kept)


def _noise_left(steps: int) -> np.ndarray:
    """How much noise is left at each step, from almost 1 to almost 0."""
    return np.cos(np.linspace(0.05, 0.49, steps) * np.pi) ** 1.5


def _tcd_steps(rng: np.random.Generator, steps: int, shares: np.ndarray) -> tuple[TCDStep, ...]:
    end = np.log(shares)
    noise = rng.normal(-4, 2.4, shares.shape)
    focus = rng.normal(0, 1.2, len(shares))
    walk = []
    for position, left in enumerate(_noise_left(steps)):
        latents = (1 - left) * end + left * noise + 0.25 * left * rng.normal(size=end.shape)
        seen = end * (1 - 0.8 * left) + 0.9 * left * rng.normal(size=end.shape)
        distance = np.linalg.norm(latents - end, axis=1)
        walk.append(TCDStep(steps - position, latents, softmax(seen), softmax((1 - left) * focus), distance))
    return tuple(walk)


def _npd_steps(
    rng: np.random.Generator,
    steps: int,
    end: np.ndarray,
    scores: np.ndarray,
    order: np.ndarray,
    item_ids: tuple[str, ...],
) -> tuple[NPDStep, ...]:
    noise = rng.normal(end.mean(), 1.6, len(end))
    walk = []
    for position, left in enumerate(_noise_left(steps)):
        noisy = 0.0 if position == steps - 1 else left
        x = (1 - left) * end + left * noise + 0.2 * noisy * rng.normal(size=len(end))
        clean = end * (1 - 0.7 * noisy) + 0.9 * noisy * rng.normal(size=len(end))

        # The last step ranks the final items first.
        present = scores + 0.15 * noisy * rng.normal(size=len(scores))
        if not noisy:
            present[order] += 10
        ranking = np.argsort(-present)
        rank_of = np.empty(len(scores), dtype=int)
        rank_of[ranking] = np.arange(1, len(scores) + 1)
        walk.append(
            NPDStep(
                diffusion_step=steps - position,
                preference=x,
                clean=clean,
                wanted=softmax(clean),
                noisy_wanted=softmax(x),
                cosine=float(x @ end / np.linalg.norm(x) / np.linalg.norm(end)),
                distance=float(np.linalg.norm(x - end)),
                top_item_ids=tuple(item_ids[index] for index in ranking[: len(order)]),
                final_ranks=rank_of[order],
            )
        )
    return tuple(walk)


def invented_comparison(
    *,
    systems: int = 6,
    top_k: int = 10,
    items: int = 320,
    target: int | None = None,
    apart: float = 0.3,
    topics: tuple[str, ...] = TOPICS,
    seed: int = 7,
) -> Comparison:
    """Return rankings of one history that lie `apart`; `target` is the rank of the true next clip in the first."""
    rng = np.random.default_rng(seed)
    row_of = {str(row): row for row in range(1, items + 1)}
    candidates = np.arange(1, items + 1)
    common = rng.normal(size=items)

    def ranked(row: int, rank: int) -> RankedItem:
        title = NASTY_TITLE if rank == 2 else f"what a night by the water number {row} #relax"
        return RankedItem(str(row), title, topics[row % len(topics)], 0.0, rank)

    def ranking(number: int) -> SystemRanking:
        scores = common + apart * rng.normal(size=items)
        order = candidates[np.argsort(-scores)]
        first = tuple(ranked(int(row), rank) for rank, row in enumerate(order[:top_k], start=1))
        return SystemRanking(SYSTEMS[number], 0, 0.0, 25, first, candidates, scores, row_of)

    rankings = tuple(ranking(number) for number in range(systems))
    watched = None
    if target is not None:
        row = next(row for row in candidates if rankings[0].rank_of(str(row)) == target)
        watched = ranked(int(row), target)
    return Comparison(rankings, watched, (Overlap("seed", 0, 1, 9, 4, 10),))


def invented_viewer(**form) -> ViewerMap:
    """Return a viewer on the map of an invented run of the same form; its true next clip is the run's third."""
    trace = invented_run(**form)
    rng = np.random.default_rng(3)
    frames = form.get("frames", 5)
    catalogue = invented_map(**form)
    places = np.array([kind.place for kind in catalogue.kinds])
    history = tuple(item.item_id for item in trace.history)
    distances = 1.1 - 0.9 * catalogue.shares @ trace.wanted / np.linalg.norm(trace.wanted)
    return ViewerMap(
        viewer_id="7",
        history=history,
        target=trace.items[min(2, len(trace.items) - 1)].item_id,
        rank=3,
        candidates=len(catalogue.item_ids) - len(history),
        first=tuple(item.item_id for item in trace.items[:5]),
        map=catalogue,
        start=trace.start @ places,
        path=np.array([step.noisy_wanted @ places for step in trace.npd]).reshape(-1, 2),
        end=trace.wanted @ places,
        wanted=trace.wanted,
        distances=distances + rng.normal(0, 0.03, len(distances)),
        liked=rng.uniform(0.1, 0.6, frames),
        other=rng.uniform(0.4, 1.3, frames * (len(catalogue.item_ids) - 4)),
        has_segments=bool(trace.last.segments),
    )
