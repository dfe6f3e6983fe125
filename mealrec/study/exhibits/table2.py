"""Table 2: every system on the same test users, and MealRec against the best of the others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import mean

from mealrec.study.comparison import background_of, comparison, comparison_text
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit
from mealrec.study.systems import ABLATIONS, BACKBONES, OTHER_FORMS, OURS, SYSTEMS, chosen, over

ABLATED = {over(backbone, ablation) for backbone in BACKBONES for ablation in ABLATIONS}
DEFAULT = tuple(name for name in SYSTEMS if name not in ABLATED | OTHER_FORMS)


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this table's options; the ablations are left to Fig. 3 and Fig. 6."""
    parser.add_argument(
        "--systems",
        default=",".join(DEFAULT),
        help="names with commas between (default: all but ablations and a baseline's other form)",
    )


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank the systems that the options name."""
    return compare(study, chosen(options.systems))


def compare(study: Study, systems: Sequence[str]) -> Exhibit:
    """Train and rank some systems; the MealRec of the best validation is held against the rest."""
    ranks = study.ranks(systems)
    trainings = study.trainings(systems)
    report = comparison(ranks, picked(trainings), background_of(study.world))

    described = "".join(f"- {name}: {SYSTEMS[name].line}\n" for name in systems)
    text = changed_text(study.settings) + comparison_text(report, trainings)
    text += f"\n{picked_text(report['ours'], trainings)}{described}"
    return Exhibit("Systems compared (Table 2)", text, report | {"trainings": trainings})


def changed_text(settings: Sequence[str]) -> str:
    """Return the warning of a table of systems not trained by their recipes; "" where they were."""
    if not settings:
        return ""
    changed = ", ".join(f"`{setting}`" for setting in settings)
    return (
        "**Not by the recipes:** every system that has such a setting was trained with "
        f"{changed}. A training that is cut short favours whatever learns fastest; gains and stars "
        "below hold for these trainings only.\n\n"
    )


def picked(trainings: dict[str, list[dict]]) -> str:
    """Return the MealRec that stands for all: on the backbone of the best validation N@10."""
    found = _of_backbones(trainings)
    return max(found, key=found.get, default=OURS)


def picked_text(ours: str, trainings: dict[str, list[dict]]) -> str:
    """Return what was picked from, where there was a choice."""
    found = _of_backbones(trainings)
    if len(found) < 2:
        return ""
    values = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
    return (
        f"Validation picks MealRec's backbone (N@10, masked: {values}); what is set against the "
        f"rest is {ours}.\n\n"
    )


def _of_backbones(trainings: dict[str, list[dict]]) -> dict[str, float]:
    """Return the validation N@10 of MealRec on each backbone, the mean over seeds."""
    found = {}
    for name in map(over, BACKBONES):
        if name in trainings:
            found[name] = mean(made["validation_N@10"] for made in trainings[name])
    return found
