"""Fig. 3: MealRec and its ablations (Sec. 5.3) on its own backbone."""

from __future__ import annotations

import argparse

from mealrec.study.ablation import ablated, bars, ladder
from mealrec.study.comparison import comparison, comparison_text
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit

BACKBONE = "sasrec"


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank the four variants and the backbone with the same content and head."""
    systems = ladder(BACKBONE)
    report, trainings = comparison(study.ranks(systems)), study.trainings(systems)
    figure = bars("Ablation (Fig. 3)", {ablated(name): report["systems"][name] for name in systems})
    text = comparison_text(report, trainings)
    return Exhibit("Ablation (Fig. 3)", text, report | {"trainings": trainings}, figure)
