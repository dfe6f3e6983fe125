"""Fig. 3: MealRec and its ablations (Sec. 5.3) on its own backbone."""

from __future__ import annotations

import argparse

from mealrec.study.comparison import comparison, comparison_text
from mealrec.study.harness import Study
from mealrec.study.picture import grouped_bars
from mealrec.study.results import Exhibit
from mealrec.study.systems import ablated, ladder


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank the four variants and the backbone with the same content and head."""
    systems = ladder("sasrec")
    report = comparison(study.ranks(systems))
    trainings = study.trainings(systems)
    bars = {ablated(name): report["systems"][name] for name in systems}
    figure = grouped_bars("Ablation (Fig. 3)", {"": bars})
    text = comparison_text(report, trainings)
    return Exhibit("Ablation (Fig. 3)", text, report | {"trainings": trainings}, figure)
