"""The systems that a comparison can name. A trained one is the recipe of the same name in
`recipes.microlens`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.ranking.ranks import Scorer, itemknn_scorer, popularity_scorer
from mealrec.study.world import World

OURS = "mealrec"
WALK = "mealrec-walk"
FIRST_STATE = "mealrec, ranked by x_0"
ABLATIONS = {
    "no-tcd": "its last clip's kinds as they are, instead of TCD",
    "no-npd": "the same map over the history alone, instead of NPD",
    "no-tcd-npd": "neither",
    "no-noise": "both modules as they are, without noise in training and in the walk",
}
BACKBONES = {"sasrec": "SASRec", "cl4srec": "CL4SRec", "tedrec": "TedRec"}


@dataclass(frozen=True)
class System:
    """A line that says what the system is; for one that is not trained how it scores, or that it
    is a blend."""

    line: str
    scorer: Callable[[World], Scorer] | None = None
    blended: bool = False


def popularity(world: World) -> Scorer:
    """Rank by how often an item occurs in training."""
    return popularity_scorer(world.split.train, world.num_items)


def itemknn(world: World) -> Scorer:
    """Rank by the cosine of co-occurrence with the history's items."""
    return itemknn_scorer(world.split.train, world.num_items)


def over(backbone: str, ablation: str = "") -> str:
    """Return the name of MealRec over a backbone; its own is SASRec, which the name leaves out."""
    parts = [OURS, *([] if backbone == "sasrec" else [backbone]), *([ablation] if ablation else [])]
    return "-".join(parts)


def _systems() -> dict[str, System]:
    known = {
        "popularity": System("how often an item occurs in training; not trained", popularity),
        "itemknn": System("cosine of co-occurrence with the history's items; not trained", itemknn),
        "sasrec": System("SASRec as published: item IDs alone"),
        "cl4srec": System("CL4SRec as published: item IDs alone"),
        "tedrec": System("TedRec as published: item IDs and titles"),
    }
    known |= {name: System(baselines.system(name).SUMMARY) for name in baselines.names()}
    for name in baselines.names():
        if baselines.system(name).reads_content:
            known[f"{name}-guided"] = System(
                f"{name} with guidance by content, and a place for unclicked items", blended=True
            )
    for backbone, name in BACKBONES.items():
        known[f"{backbone}-content"] = System(f"{name} with MealRec's content and head")
        known[f"{backbone}-guided"] = System(
            f"the fair control: {backbone}-content with guidance and a place for unclicked items, as MealRec has them",
            blended=True,
        )
    known[f"{OURS}-paper"] = System(
        "the paper's form: NPD sees the last item alone, all is trained jointly"
    )
    for backbone in BACKBONES:
        known[over(backbone)] = System(
            f"{backbone}-guided with MealRec's walk over kinds", blended=True
        )
    for backbone, name in BACKBONES.items():
        for ablation, words in ABLATIONS.items():
            line = f"MealRec on {name}, ablated (Sec. 5.3): {words}"
            known[over(backbone, ablation)] = System(line, blended=True)
    known[WALK] = System("MealRec's walk over kinds alone, without a backbone")
    for ablation, words in ABLATIONS.items():
        known[f"{WALK}-{ablation}"] = System(f"the walk alone, ablated: {words}")
    return known


SYSTEMS = _systems()
FORMS = {
    f"{name}{form}"
    for name in baselines.names()
    if baselines.system(name).form_of
    for form in ("", "-guided")
}


def chosen(names: str) -> tuple[str, ...]:
    """Return the systems that "a,b,c" names, or "all", or "everything", in the registry's order.

    "all" is the paper's Table 2 with our lines, fair controls, MealRec on each backbone and its
    rows of one's own; "everything" has all ablations and the baselines' other forms too.

    Raises DataFormatError that lists the known ones.
    """
    others = [name for name in rivals(tuple(SYSTEMS)) if name not in FORMS]
    ours = [
        f"{OURS}-paper",
        *map(over, BACKBONES),
        *(over("sasrec", ablation) for ablation in ABLATIONS),
        WALK,
    ]
    sets = {"everything": list(SYSTEMS), "all": [*others, *ours]}
    wanted = sets.get(names) or [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in SYSTEMS]:
        known = f"{', '.join(SYSTEMS)}, or all, or everything"
        raise DataFormatError(f"--systems: expected some of {known}; got {', '.join(unknown)}")
    return tuple(name for name in SYSTEMS if name in wanted)


def is_ours(name: str) -> bool:
    """Say whether a row of a table is MealRec in some form, and so no rival of it."""
    return name.startswith(OURS)


def rivals(names: Sequence[str]) -> list[str]:
    """Return the names that are not MealRec's."""
    return [name for name in names if not is_ours(name)]
