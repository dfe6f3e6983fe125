"""Table 2: every system on the same test users, and MealRec against the best of the others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import mean

from mealrec.models.published.graph import content_directions
from mealrec.ranking.beyond import Background
from mealrec.study.comparison import comparison, comparison_text
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit
from mealrec.study.systems import ABLATIONS, BACKBONES, FORMS, OURS, SYSTEMS, chosen, over

ABLATED = {over(backbone, ablation) for backbone in BACKBONES for ablation in ABLATIONS}
DEFAULT = tuple(name for name in SYSTEMS if name not in ABLATED | FORMS)


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank `options.systems`: names with commas between, or a tuple of them."""
    systems = options.systems if isinstance(options.systems, tuple) else chosen(options.systems)
    ranks, world = study.ranks(systems), study.world
    background = Background.of(
        world.split.train, world.candidates, content_directions(world.features)
    )
    trainings = study.trainings(systems)
    report = comparison(ranks, picked(trainings), background)
    described = "\n".join(f"- {name}: {SYSTEMS[name].line}" for name in systems)
    text = f"{comparison_text(report, trainings)}\n{picked_text(report['ours'], trainings)}{described}\n"
    text = f"{changed_text(study.settings)}{text}"
    return Exhibit("Systems compared (Table 2)", text, report | {"trainings": trainings})


def changed_text(settings: Sequence[str]) -> str:
    """Return the warning of a table whose systems were not trained by their recipes; "" where
    they were."""
    if not settings:
        return ""
    changed = ", ".join(f"`{setting}`" for setting in settings)
    return (
        f"**Not by the recipes:** every system that has such a setting was trained with {changed}. A training that "
        "is cut short favours whatever learns fastest; gains and stars below hold for these trainings only.\n\n"
    )


def picked(trainings: dict[str, list[dict]]) -> str:
    """Return the MealRec that stands for all: on the backbone of the best validation N@10, the
    mean over seeds."""
    found = _of_backbones(trainings)
    return max(found, key=found.get, default=OURS)


def picked_text(ours: str, trainings: dict[str, list[dict]]) -> str:
    """Return what was picked from, where there was a choice."""
    found = _of_backbones(trainings)
    if len(found) < 2:
        return ""
    values = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    return f"Validation picks MealRec's backbone (N@10, masked: {values}); what is set against the rest is {ours}.\n\n"


def _of_backbones(trainings: dict[str, list[dict]]) -> dict[str, float]:
    known = [over(backbone) for backbone in BACKBONES if over(backbone) in trainings]
    return {name: mean(made["validation_N@10"] for made in trainings[name]) for name in known}


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this table's options; the ablations are left to Fig. 3 and Fig. 6."""
    parser.add_argument(
        "--systems",
        default=",".join(DEFAULT),
        help="names with commas between (default: all but the ablations and a baseline's other form)",
    )
