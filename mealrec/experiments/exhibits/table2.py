"""Table 2: every system on the same test users, and MealRec against the best of the others."""

from __future__ import annotations

import argparse

from mealrec.evaluation.beyond import Background
from mealrec.experiments.comparison import comparison, comparison_text
from mealrec.experiments.harness import Study
from mealrec.experiments.results import Exhibit
from mealrec.experiments.systems import ABLATIONS, BACKBONES, FORMS, SYSTEMS, chosen, over
from mealrec.models.published.graph import content_directions

ABLATED = {over(backbone, ablation) for backbone in BACKBONES for ablation in ABLATIONS}
DEFAULT = tuple(name for name in SYSTEMS if name not in ABLATED | FORMS)


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank `options.systems`: names with commas between, or a tuple of them."""
    systems = options.systems if isinstance(options.systems, tuple) else chosen(options.systems)
    ranks, world = study.ranks(systems), study.world
    background = Background.of(world.split.train, world.candidates, content_directions(world.features))
    report = comparison(ranks, background=background)
    trainings = study.trainings(systems)
    described = "\n".join(f"- {name}: {SYSTEMS[name].line}" for name in systems)
    text = f"{comparison_text(report, trainings)}\n{described}\n"
    return Exhibit("Systems compared (Table 2)", text, report | {"trainings": trainings})


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this table's options; the ablations are left to Fig. 3 and Fig. 6."""
    parser.add_argument(
        "--systems",
        default=",".join(DEFAULT),
        help="names with commas between (default: all but the ablations and a baseline's other form)",
    )
