"""The one table of systems: what a comparison can name, and what each is called in a report.

A trained one is the recipe of the same name in `recipes.microlens`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.evaluation.planted import SAME_CLIPS
from mealrec.ranking.ranks import Scorer, itemknn_scorer, popularity_scorer
from mealrec.training.world import World

OURS = "mealrec"
WALK = "mealrec-walk"
FIRST_STATE = "mealrec, ranked by x_0"
BACKBONES = {"sasrec": "SASRec", "cl4srec": "CL4SRec", "tedrec": "TedRec"}


@dataclass(frozen=True)
class Ablation:
    """What is left out of MealRec (Sec. 5.3): in a picture, and in a sentence."""

    short: str
    line: str


ABLATIONS = {
    "no-tcd": Ablation("− TCD", "its last clip's kinds as they are, instead of TCD"),
    "no-npd": Ablation("− NPD", "the same map over the history alone, instead of NPD"),
    "no-tcd-npd": Ablation("− TCD − NPD", "neither"),
    "no-noise": Ablation(
        "without noise",
        "both modules as they are, without noise in training and in the walk",
    ),
}

# What `evaluate` calls the rows of a run, in the order of its tables.
FULL = "full"
FULL_FIRST_STATE = "full, ranked by x_0"
SAMPLE_NAMES = {
    "popularity": "popularity",
    "content, no model": "content similarity × popularity, no model",
    "sasrec-content": "SASRec + content",
    "sasrec-guided": "SASRec + content + guidance",
    "mealrec-walk": "MealRec's walk alone",
    "backbone_item_head": "SASRec + content, item head",
    "backbone": "SASRec + content, head over kinds",
    "no_tcd_npd": "MealRec − TCD − NPD",
    "no_npd": "MealRec − NPD",
    "no_tcd": "MealRec − TCD",
    FULL_FIRST_STATE: "MealRec, its encoder's own x_0",
    "quiet": "MealRec without noise",
    FULL: "**MealRec (end of the walk)**",
    SAME_CLIPS: "oracle that sees the same ten clips",
    "oracle: sees the history": "oracle that sees the whole history",
    "oracle: knows the interests": "oracle that knows the interests",
}


@dataclass(frozen=True)
class System:
    """A line that says what it is; how it scores untrained, or that it is a blend."""

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
    parts = [OURS]
    if backbone != "sasrec":
        parts.append(backbone)
    if ablation:
        parts.append(ablation)
    return "-".join(parts)


def _systems() -> dict[str, System]:
    # What needs no training, and what was published.
    known = {
        "popularity": System("how often an item occurs in training; not trained", popularity),
        "itemknn": System("cosine of co-occurrence with the history's items; not trained", itemknn),
        "sasrec": System("SASRec as published: item IDs alone"),
        "cl4srec": System("CL4SRec as published: item IDs alone"),
        "tedrec": System("TedRec as published: item IDs and titles"),
    }
    known |= {name: System(baselines.system(name).SUMMARY) for name in baselines.names()}

    # The fair controls: all that MealRec has but the walk.
    for name in baselines.names():
        if baselines.system(name).reads_content:
            line = f"{name} with guidance by content, and a place for unclicked items"
            known[f"{name}-guided"] = System(line, blended=True)
    for backbone, name in BACKBONES.items():
        known[f"{backbone}-content"] = System(f"{name} with MealRec's content and head")
        line = (
            f"the fair control: {backbone}-content with guidance and a place for unclicked items, "
            "as MealRec has them"
        )
        known[f"{backbone}-guided"] = System(line, blended=True)

    # MealRec, on each backbone, and its ablations.
    line = "the paper's form: NPD sees the last item alone, all is trained jointly"
    known[f"{OURS}-paper"] = System(line)
    for backbone in BACKBONES:
        line = f"{backbone}-guided with MealRec's walk over kinds"
        known[over(backbone)] = System(line, blended=True)
    for backbone, name in BACKBONES.items():
        for key, ablation in ABLATIONS.items():
            line = f"MealRec on {name}, ablated (Sec. 5.3): {ablation.line}"
            known[over(backbone, key)] = System(line, blended=True)
    known[WALK] = System("MealRec's walk over kinds alone, without a backbone")
    for key, ablation in ABLATIONS.items():
        known[f"{WALK}-{key}"] = System(f"the walk alone, ablated: {ablation.line}")
    return known


SYSTEMS = _systems()
_FORMS = [name for name in baselines.names() if baselines.system(name).form_of]
OTHER_FORMS = {*_FORMS, *(f"{name}-guided" for name in _FORMS)}
"""The baselines that are another form of one, guided or not: they are no row of Table 2."""


def chosen(names: str) -> tuple[str, ...]:
    """Return the systems that "a,b,c" names, or "all", or "everything", in the table's order.

    "all" is the paper's Table 2 with our lines, fair controls, MealRec on each backbone and its
    rows of one's own; "everything" has all ablations and the baselines' other forms too.

    Raises DataFormatError that lists the known ones.
    """
    if names == "everything":
        return tuple(SYSTEMS)
    if names == "all":
        wanted = [name for name in rivals(SYSTEMS) if name not in OTHER_FORMS]
        wanted += [f"{OURS}-paper", WALK]
        wanted += [over(backbone) for backbone in BACKBONES]
        wanted += [over("sasrec", ablation) for ablation in ABLATIONS]
    else:
        wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in SYSTEMS]
    if unknown:
        known = f"{', '.join(SYSTEMS)}, or all, or everything"
        raise DataFormatError(f"--systems: expected some of {known}; got {', '.join(unknown)}")
    return tuple(name for name in SYSTEMS if name in wanted)


def trained(names: Sequence[str]) -> list[str]:
    """Return the systems that are trained: no blends, which are made of trained ones."""
    return [name for name in names if SYSTEMS[name].scorer is None and not SYSTEMS[name].blended]


def is_ours(name: str) -> bool:
    """Say whether a row of a table is MealRec in some form, and so no rival of it."""
    return name.startswith(OURS)


def rivals(names: Iterable[str]) -> list[str]:
    """Return the names that are not MealRec's."""
    return [name for name in names if not is_ours(name)]


def ladder(backbone: str) -> list[str]:
    """Return what is set side by side on a backbone, from the least on: MealRec is the last."""
    ablations = [over(backbone, ablation) for ablation in reversed(ABLATIONS)]
    return [f"{backbone}-content", f"{backbone}-guided", *ablations, over(backbone)]


def ablated(name: str) -> str:
    """Return what a system of a ladder is called in a picture."""
    if name in BACKBONES:
        return "backbone, as published"
    if name.endswith("-content"):
        return "backbone + content"
    if name.endswith("-guided"):
        return "backbone + content + guidance"
    for key, ablation in ABLATIONS.items():
        if name.endswith(f"-{key}"):
            return ablation.short
    return "MealRec"
