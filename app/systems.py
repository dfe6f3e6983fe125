"""What the systems of a bundle are, in plain words: a name for a column and a sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """A system's short name and one sentence on what it is."""

    name: str
    sentence: str


SYSTEMS = {
    "full": System("MealRec", "The whole model: one walk cleans the last clip’s moments, the other the preference."),
    "no_tcd": System(
        "without TCD", "MealRec without the walk over the clip’s moments; it takes them as the encoder gave them."
    ),
    "no_npd": System(
        "without NPD", "MealRec without the walk over the preference; a small network guesses it in one go."
    ),
    "no_tcd_npd": System(
        "without both", "MealRec without either walk: the same clips and titles, no diffusion at all."
    ),
    "mealrec-last": System(
        "paper's form", "MealRec as the paper has it: the preference's walk sees the last clip alone."
    ),
    "mealrec-guidance-only": System(
        "guidance", "The backbone, only pushed towards clips that look and sound like the history; no walk."
    ),
    "backbone": System(
        "backbone", "SASRec, which reads the order of clips; it knows what they show, but walks nowhere."
    ),
    "sasrec-content": System(
        "SASRec + content", "SASRec with the same clips and titles as MealRec, but without a walk."
    ),
    "backbone_item_head": System(
        "backbone, item head", "The backbone again, matching a clip’s summary instead of its single moments."
    ),
    "sasrec": System("SASRec", "SASRec as published: it knows only which clip is which, not what any of them shows."),
}


def system(variant: str) -> System:
    """Return a system's words; one that nobody described yet keeps its own name."""
    plain = variant.replace("_", " ").replace("-", " ")
    return SYSTEMS.get(variant, System(plain, "Another system of this bundle."))


def in_order(variants: Iterable[str]) -> list[str]:
    """Return the variants as a comparison shows them: from the whole model downwards, unknown ones last."""
    known = list(SYSTEMS)
    return sorted(variants, key=lambda variant: known.index(variant) if variant in SYSTEMS else len(known))
