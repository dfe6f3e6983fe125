"""The report of `evaluate` as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from mealrec.figures import p_text, spread, table
from mealrec.ranking.beyond import FIGURES, NAMES
from mealrec.ranking.metrics import METRICS
from mealrec.study.systems import SAMPLE_NAMES

VIEWERS = 5000  # how many of the test at most are asked about the noise

LEFT = "---"


def report_text(report: dict) -> str:
    """Return all tables of a report; one whose figures were not measured is left out."""
    tables = (systems_table, lists_table, goals_table, noise_table)
    return "\n".join(made(report) for made in tables).rstrip("\n") + "\n"


def systems_table(report: dict) -> str:
    """Return a line a system: masked, then unmasked metrics, and MealRec's gain over it with p."""
    unmasked = [f"{metric} unmasked" for metric in METRICS]
    head = ["system", *METRICS, "N@10, 95 % over viewers", *unmasked, "MealRec's gain in N@10", "p"]
    body = []
    for name in _in_order(report["systems"]):
        row = report["systems"][name]
        cells = [SAMPLE_NAMES.get(name, name)]
        cells += [spread(row["masked"][metric], row["seeds"]) for metric in METRICS]
        ends = report["interval"][name]
        cells.append(f"{ends['low']:.4f} to {ends['high']:.4f}")
        cells += [spread(row["unmasked"][metric], row["seeds"]) for metric in METRICS]

        # MealRec has no gain over itself.
        against = report["against_full"].get(name)
        gain = [f"{against['gain_N@10']:+.1%}", p_text(against["p"])] if against else ["", ""]
        body.append([*cells, *gain])
    return table(head, body, LEFT)


def lists_table(report: dict) -> str:
    """Return what each system's lists of ten are worth besides accuracy, the mean over seeds."""
    found = report["beside_accuracy"]
    head = ["lists of ten, the history left out", *(NAMES[figure] for figure in FIGURES)]
    body = []
    for name in _in_order(found):
        figures = [f"{found[name][figure]:.4f}" for figure in FIGURES]
        body.append([SAMPLE_NAMES.get(name, name), *figures])
    return table(head, body, LEFT)


def goals_table(report: dict) -> str:
    """Return the goals that are no plain ranking, each with its measured value."""
    if "held_out" not in report:
        return ""
    held_out = report["held_out"]
    left_out = held_out["last_left_out_H@10"]
    rows = [
        (
            "held-out clip as last item, H@10",
            held_out["as_last_H@10"],
            f"≥ .38 ({left_out:.3f} where it is left out)",
        ),
        (
            "held-out clip as target, H@10",
            held_out["as_target_H@10"],
            f"≥ .20 (random {held_out['random_H@10']:.3f})",
        ),
    ]
    if "neighbours_P@10" in held_out:
        name = "held-out clip's neighbours by kinds share a motif, P@10"
        rows.append((name, held_out["neighbours_P@10"], "≥ .90"))
    body = [[name, f"{value:.3f}", goal] for name, value, goal in rows]
    return table(["measure", "value", "goal"], body, LEFT)


def noise_table(report: dict) -> str:
    """Return MealRec against itself without noise at every disturbance, if both are there."""
    if "noise" not in report:
        return ""
    head = [f"N@10 of up to {VIEWERS} test viewers", "MealRec", "without noise", "difference", "p"]
    body = []
    for how, row in report["noise"].items():
        figures = [f"{row['full']:.4f}", f"{row['quiet']:.4f}", f"{row['difference']:+.4f}"]
        body.append([how, *figures, p_text(row["p"])])
    return table(head, body, LEFT)


def _in_order(systems: Mapping[str, object]) -> list[str]:
    """Return the systems as SAMPLE_NAMES has them, then those that it does not know."""
    known = [name for name in SAMPLE_NAMES if name in systems]
    return known + [name for name in systems if name not in SAMPLE_NAMES]
