"""Reports as Markdown."""

from __future__ import annotations

from mealrec.evaluation.figures import p_text
from mealrec.evaluation.report import START

NAMES = {
    "popularity": "popularity",
    "content, no model": "content similarity × popularity, no model",
    "backbone_item_head": "SASRec + content, item head",
    "backbone": "SASRec + content, moment head",
    "no_tcd_npd": "MealRec − TCD − NPD",
    "no_npd": "MealRec − NPD",
    "no_tcd": "MealRec − TCD",
    START: "MealRec, its encoder's own x_0",
    "full": "**MealRec (end of the walk)**",
    "oracle: sees the history": "oracle that sees the history",
    "oracle: knows the interests": "oracle that knows the interests",
}
METRICS = ("H@10", "N@10", "H@20", "N@20")


def main_table(report: dict) -> str:
    """Return one line a system: masked, then unmasked metrics, and MealRec's gain over it with the paired p."""
    head = ["system", *METRICS, *(f"{metric} unmasked" for metric in METRICS), "MealRec's gain in N@10", "p"]
    lines = [_line(head), _line(["---"] * len(head))]
    systems = report["systems"]
    for name in [*(name for name in NAMES if name in systems), *(name for name in systems if name not in NAMES)]:
        row, label = systems[name], NAMES.get(name, name)
        cells = [_cell(row[form][metric], row["seeds"]) for form in ("masked", "unmasked") for metric in METRICS]
        against = report["against_full"].get(name)
        gain = [f"{against['gain_N@10']:+.1%}", p_text(against["p"])] if against else ["", ""]
        lines.append(_line([label, *cells, *gain]))
    return "\n".join(lines) + "\n"


def goals_table(report: dict) -> str:
    """Return the goals that are no plain ranking, each beside its measured value."""
    lines = _held_out_lines(report["held_out"]) if "held_out" in report else []
    if "relevance" in report:
        lines += ["", _line(["relevance of a frame", *next(iter(report["relevance"].values()))]), _line(["---"] * 3)]
        lines += [
            _line([name, *(f"{value:.3f}" for value in entry.values())]) for name, entry in report["relevance"].items()
        ]
    return "\n".join(lines) + "\n"


def _held_out_lines(held_out: dict[str, float]) -> list[str]:
    rows = [
        (
            "held-out clip as last item, H@10",
            held_out["as_last_H@10"],
            f"≥ {held_out['last_left_out_H@10']:.3f} (left out)",
        ),
        ("held-out clip as target, H@10", held_out["as_target_H@10"], f"≥ .10 (random {held_out['random_H@10']:.3f})"),
    ]
    if "neighbours_P@10" in held_out:
        rows.append(("held-out clip's neighbours share a motif, P@10", held_out["neighbours_P@10"], "≥ .90"))
    lines = [_line(["measure", "value", "goal"]), _line(["---"] * 3)]
    return lines + [_line([name, f"{value:.3f}", goal]) for name, value, goal in rows]


def _cell(value: dict[str, float], seeds: int) -> str:
    return f"{value['mean']:.4f}" + (f" ± {value['sd']:.4f}" if seeds > 1 else "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
