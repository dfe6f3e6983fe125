"""Reports as Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from mealrec.evaluation.planted import SAME_CLIPS
from mealrec.figures import p_text
from mealrec.ranking.beyond import FIGURES
from mealrec.ranking.beyond import NAMES as BESIDE
from mealrec.study.disturbances import VIEWERS
from mealrec.study.report import START

NAMES = {
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
    START: "MealRec, its encoder's own x_0",
    "quiet": "MealRec without noise",
    "full": "**MealRec (end of the walk)**",
    SAME_CLIPS: "oracle that sees the same ten clips",
    "oracle: sees the history": "oracle that sees the whole history",
    "oracle: knows the interests": "oracle that knows the interests",
}
METRICS = ("H@10", "N@10", "H@20", "N@20")


def main_table(report: dict) -> str:
    """Return one line a system: masked, then unmasked metrics, and MealRec's gain over it with
    the paired p."""
    unmasked = [f"{metric} unmasked" for metric in METRICS]
    head = ["system", *METRICS, "N@10, 95 % over viewers", *unmasked, "MealRec's gain in N@10", "p"]
    lines = [_line(head), _line(["---"] * len(head))]
    systems = report["systems"]
    for name in _in_order(systems):
        row, label = systems[name], NAMES.get(name, name)
        masked, unmasked = (
            [_cell(row[form][metric], row["seeds"]) for metric in METRICS]
            for form in ("masked", "unmasked")
        )
        ends = report["interval"][name]
        against = report["against_full"].get(name)
        gain = [f"{against['gain_N@10']:+.1%}", p_text(against["p"])] if against else ["", ""]
        lines.append(
            _line([label, *masked, f"{ends['low']:.4f} to {ends['high']:.4f}", *unmasked, *gain])
        )
    return "\n".join(lines) + "\n"


def beside_table(report: dict) -> str:
    """Return what each system's lists of ten are worth beside accuracy, the mean over seeds."""
    found = report["beside_accuracy"]
    head = ["lists of ten, the history left out", *(BESIDE[figure] for figure in FIGURES)]
    lines = [_line(head), _line(["---"] * len(head))]
    for name in _in_order(found):
        lines.append(
            _line([NAMES.get(name, name), *(f"{found[name][figure]:.4f}" for figure in FIGURES)])
        )
    return "\n".join(lines) + "\n"


def goals_table(report: dict) -> str:
    """Return the goals that are no plain ranking, each beside its measured value."""
    if "held_out" not in report:
        return ""
    held_out = report["held_out"]
    rows = [
        (
            "held-out clip as last item, H@10",
            held_out["as_last_H@10"],
            f"≥ .38 ({held_out['last_left_out_H@10']:.3f} where it is left out)",
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
    lines = [_line(["measure", "value", "goal"]), _line(["---"] * 3)]
    return (
        "\n".join(lines + [_line([name, f"{value:.3f}", goal]) for name, value, goal in rows])
        + "\n"
    )


def noise_table(report: dict) -> str:
    """Return MealRec against itself without noise at every disturbance, if both are there."""
    if "noise" not in report:
        return ""
    head = [f"N@10 of up to {VIEWERS} test viewers", "MealRec", "without noise", "difference", "p"]
    lines = [_line(head), _line(["---"] * len(head))]
    for how, row in report["noise"].items():
        figures = [
            f"{row['full']:.4f}",
            f"{row['quiet']:.4f}",
            f"{row['difference']:+.4f}",
            p_text(row["p"]),
        ]
        lines.append(_line([how, *figures]))
    return "\n".join(lines) + "\n"


def _in_order(systems: Mapping[str, object]) -> list[str]:
    """Return the systems as NAMES has them, then those that it does not know."""
    return [
        *(name for name in NAMES if name in systems),
        *(name for name in systems if name not in NAMES),
    ]


def _cell(value: dict[str, float], seeds: int) -> str:
    return f"{value['mean']:.4f}" + (f" ± {value['sd']:.4f}" if seeds > 1 else "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
