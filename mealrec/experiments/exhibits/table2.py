"""Table 2: every system on the same test users, and MealRec against the best of the others."""

from __future__ import annotations

import argparse

from mealrec.experiments.comparison import comparison, comparison_text
from mealrec.experiments.harness import Study
from mealrec.experiments.results import Exhibit
from mealrec.experiments.systems import ABLATIONS, BACKBONES, SYSTEMS, over

ABLATED = {over(backbone, ablation) for backbone in BACKBONES for ablation in ABLATIONS}
DEFAULT = tuple(name for name in SYSTEMS if name not in ABLATED)


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank `options.systems`, or all systems but the ablations, which are Fig. 3 and Fig. 6."""
    systems = getattr(options, "systems", DEFAULT)
    report = comparison(study.ranks(systems))
    trainings = study.trainings(systems)
    described = "\n".join(f"- {name}: {SYSTEMS[name].line}" for name in systems)
    text = f"{comparison_text(report, trainings)}\n{described}\n"
    return Exhibit("Systems compared (Table 2)", text, report | {"trainings": trainings})
