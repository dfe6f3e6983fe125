"""What the systems are called, the one table of it: a short name and a sentence each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """A system's short name and one sentence on what it is."""

    name: str
    sentence: str = "Another system of this bundle."


PARTS = ("full", "no_tcd", "no_npd", "no_tcd_npd", "backbone")
"""The whole model and what is left of it without its parts: what a bundle holds as a rule."""

# In the order of a comparison: from the whole model downwards, then what others have published.
SYSTEMS = {
    "full": System(
        "MealRec",
        "The whole model: one walk cleans the last clip’s moments, the other the preference.",
    ),
    "no_tcd": System(
        "without TCD",
        "MealRec without the walk over the clip’s moments; it takes them as the encoder gave them.",
    ),
    "no_npd": System(
        "without NPD",
        "MealRec without the walk over the preference; a small network guesses it in one go.",
    ),
    "no_tcd_npd": System(
        "without both",
        "MealRec without either walk: the same clips and titles, no diffusion at all.",
    ),
    # Other forms of the whole model.
    "quiet": System(
        "without noise",
        "The whole model, trained and run without any noise: its walks have nothing to clean.",
    ),
    "mealrec-paper": System(
        "paper's form",
        "MealRec as the paper has it: the preference's walk sees the last clip alone.",
    ),
    "mealrec-walk": System(
        "the walk alone",
        "MealRec's walk over kinds, without a backbone: it knows no clip by its ID.",
    ),
    # Backbones, with more or with less of the clips' content.
    "sasrec-guided": System(
        "guidance",
        "The backbone, only pushed towards clips that look and sound like the history; no walk.",
    ),
    "backbone": System(
        "backbone",
        "The model’s encoder alone: it reads the order of clips and knows what they show, "
        "but walks nowhere.",
    ),
    "backbone_item_head": System(
        "backbone, item head",
        "The backbone again, matching a clip’s summary instead of its single moments.",
    ),
    "sasrec-content": System(
        "SASRec + content", "SASRec with the same clips and titles as MealRec, but without a walk."
    ),
    "sasrec": System(
        "SASRec",
        "SASRec as published: it knows only which clip is which, not what any of them shows.",
    ),
    # Those of a comparison on published data.
    "mealrec": System("MealRec"),
    "cl4srec": System("CL4SRec"),
    "cl4srec-content": System("CL4SRec + content"),
    "tedrec": System("TedRec"),
    "tedrec-content": System("TedRec + content"),
    "diqdiff": System("DiQDiff"),
    "dmmd4sr": System("DMMD4SR"),
    "ssdrec": System("SSDRec"),
    "iisan": System("IISAN"),
    "iisan_versa": System("IISAN-Versa"),
    "morec": System("MoRec"),
    "mmgcn": System("MMGCN"),
    "itemknn": System("item-kNN"),
    "popularity": System("popularity"),
    "content, no model": System("likeness, no model"),
}
# How a study marks a system that is ranked by x_0, from which its walk starts.
_BY_X0 = (", ranked by x_0", " ranked by x_0")


def system(variant: str) -> System:
    """Return a system's words; one that nobody described yet keeps its own name."""
    # A system that is ranked by x_0 is called after the one whose walk that is.
    for ending in _BY_X0:
        if variant.endswith(ending):
            return System(f"{system(variant.removesuffix(ending)).name}, by x₀")
    plain = variant.replace("_", " ").replace("-", " ")
    return SYSTEMS.get(variant, System(plain))


def in_order(variants: Iterable[str]) -> list[str]:
    """Return the variants from the whole model downwards, unknown ones last."""
    places = {variant: place for place, variant in enumerate(SYSTEMS)}
    return sorted(variants, key=lambda variant: places.get(variant, len(places)))
