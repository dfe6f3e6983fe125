"""The systems that a comparison can name. A trained one is the recipe of the same name in `recipes.microlens`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.evaluation.ranking import Scorer, itemknn_scorer, popularity_scorer
from mealrec.experiments.world import World

OURS = "mealrec"
FIRST_STATE = "mealrec, ranked by x_0"
ABLATIONS = {"no-tcd": "initial frames instead of TCD", "no-npd": "an MLP instead of NPD", "no-tcd-npd": "neither"}
BACKBONES = {"sasrec": "SASRec", "cl4srec": "CL4SRec", "tedrec": "TedRec"}


@dataclass(frozen=True)
class System:
    """A line that says what the system is, and for one that is not trained how it scores."""

    line: str
    scorer: Callable[[World], Scorer] | None = None


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
    for backbone, name in BACKBONES.items():
        known[f"{backbone}-content"] = System(f"the fair control: {name} with MealRec's content and head")
    for backbone, name in BACKBONES.items():
        known[over(backbone)] = System(f"MealRec on {name}, ranked by the end of its walk")
    known[f"{OURS}-last"] = System(
        "the paper's form: NPD sees the last item alone, all is trained jointly, no guidance"
    )
    known[f"{OURS}-guidance-only"] = System("MealRec without a diffusion: sasrec-content with MealRec's guidance")
    known[f"{OURS}-kinds"] = System("the sample's form of MealRec, over kinds of moments, here of title segments")
    known[f"{OURS}-kinds-backbone"] = System("SASRec over the same kinds, with their head and their training")
    for backbone, name in BACKBONES.items():
        for ablation, words in ABLATIONS.items():
            known[over(backbone, ablation)] = System(f"MealRec on {name}, ablated (Sec. 5.3): {words}")
    return known


SYSTEMS = _systems()
FORMS = {name for name in baselines.names() if baselines.system(name).form_of}


def chosen(names: str) -> tuple[str, ...]:
    """Return the systems that "a,b,c" names, or "all", or "everything", in the registry's order.

    "all" is the paper's Table 2 with our lines and fair controls; "everything" has MealRec's and the baselines' other
    forms too.

    Raises DataFormatError that lists the known ones.
    """
    sets = {"everything": list(SYSTEMS), "all": [*(name for name in rivals(tuple(SYSTEMS)) if name not in FORMS), OURS]}
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
