"""Invented kinds of moments, and a catalogue that lies around their places."""

from __future__ import annotations

import numpy as np

from mealrec.explain.trace import Face, Kind, KindMap

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


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return shares that sum to 1 along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def invented_kinds(count: int = KINDS, *, items: int = 320, hostile: bool = False) -> tuple[Kind, ...]:
    """Return kinds spread over the map; a `hostile` one has markup for its name, and nothing else."""
    shares = softmax(np.random.default_rng(5).normal(0, 0.6, count))
    rows = np.arange(count)
    radius, angle = 0.45 * np.sqrt((rows + 0.5) / count), rows * np.pi * (3 - np.sqrt(5))
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
    rng, described = np.random.default_rng(11), invented_kinds(kinds, items=items, hostile=hostile)
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
