"""Fig. 6: MealRec and its ablations on each of the three backbones."""

from __future__ import annotations

import argparse

from mealrec.study.ablation import ablated, grouped_bars, ladder
from mealrec.study.comparison import FORMS, comparison, gain_text, main_table, table
from mealrec.study.harness import Study
from mealrec.study.results import Exhibit
from mealrec.study.systems import BACKBONES, over

NOTES = """
Each backbone stands with its IDs as published, with MealRec's content and head, with guidance too (the control), and
under MealRec and its ablations. Gains are MealRec's over the system of the row on the same backbone, * where p < 0.01
(paired t-test over users).
"""


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train and rank all of them."""
    chosen = [
        name for name in BACKBONES if name in (getattr(options, "backbones", None) or BACKBONES)
    ]
    ladders = {backbone: [backbone, *ladder(backbone)] for backbone in chosen}
    ranks = study.ranks([name for systems in ladders.values() for name in systems])
    reports = {
        backbone: comparison({name: ranks[name] for name in systems}, over(backbone))
        for backbone, systems in ladders.items()
    }
    parts = [
        f"## On {BACKBONES[backbone]}\n\n{main_table(reports[backbone])}" for backbone in chosen
    ]
    values = {
        BACKBONES[backbone]: {ablated(name): reports[backbone]["systems"][name] for name in systems}
        for backbone, systems in ladders.items()
    }
    figure = grouped_bars("Three backbones (Fig. 6)", values)
    text = "\n".join([*parts, gains_table(reports), NOTES.lstrip()])
    trainings = study.trainings([name for systems in ladders.values() for name in systems])
    return Exhibit(
        "Universality (Fig. 6)", text, {"backbones": reports, "trainings": trainings}, figure
    )


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    parser.add_argument(
        "--backbones", nargs="+", choices=tuple(BACKBONES), help="some of them (default: all)"
    )


def gains_table(reports: dict[str, dict]) -> str:
    """Return MealRec's gain over each system on the same backbone."""
    columns = [(form, metric) for form in FORMS for metric in ("H@10", "N@10")]
    body = []
    for report in reports.values():
        for name, found in report["against"].items():
            shown = [found[form][metric] for form, metric in columns]
            body.append([report["ours"], name, *(gain_text(value) for value in shown)])
    return table(["system", "against", *(f"{metric} {form}" for form, metric in columns)], body)
