"""What the two figures of ablations share: which systems they set side by side, their short
names, their bars."""

from __future__ import annotations

from mealrec.study.picture import COLOURS, layout
from mealrec.study.systems import ABLATIONS, BACKBONES, over

METRIC, FORM = "N@10", "unmasked"
SHORT = {
    "no-tcd-npd": "− TCD − NPD",
    "no-npd": "− NPD",
    "no-tcd": "− TCD",
    "no-noise": "without noise",
}


def ladder(backbone: str) -> list[str]:
    """Return a backbone with content, and with guidance; MealRec's ablations on it, and MealRec:
    from the least on."""
    ablations = [over(backbone, ablation) for ablation in reversed(ABLATIONS)]
    return [f"{backbone}-content", f"{backbone}-guided", *ablations, over(backbone)]


def ablated(name: str) -> str:
    """Return what a system of a ladder is called in a picture."""
    if name in BACKBONES:
        return "backbone, as published"
    if name.endswith("-content"):
        return "backbone + content"
    if name.endswith("-guided"):
        return "backbone + content + guidance"
    return next(
        (words for ablation, words in SHORT.items() if name.endswith(f"-{ablation}")), "MealRec"
    )


def bars(title: str, values: dict[str, dict]) -> dict:
    """Return bars of one metric with the deviation over seeds; `values` is {name: row of a
    report}."""
    return grouped_bars(title, {"": values})


def grouped_bars(title: str, values: dict[str, dict[str, dict]]) -> dict:
    """Return bars in groups: {group: {name: row of a report}}."""
    names = list(dict.fromkeys(name for rows in values.values() for name in rows))
    colours = dict(zip(reversed(names), COLOURS, strict=False))
    data = []
    for name in names:
        found = {group: rows[name][FORM][METRIC] for group, rows in values.items() if name in rows}
        means, deviations = (
            [round(value[key], 6) for value in found.values()] for key in ("mean", "sd")
        )
        data.append(
            {
                "type": "bar",
                "name": name,
                "x": list(found) if len(values) > 1 else [name],
                "y": means,
                "error_y": {
                    "type": "data",
                    "array": deviations,
                    "visible": any(deviations),
                    "thickness": 1,
                },
                "text": [f"{mean:.4f}" for mean in means],
                "textposition": "inside",
                "insidetextanchor": "start",
                "marker": {"color": colours[name]},
            }
        )
    highest = max(
        value + more
        for bar in data
        for value, more in zip(bar["y"], bar["error_y"]["array"], strict=True)
    )
    axis = {"title": {"text": f"{METRIC}, {FORM}"}, "range": [0, 1.08 * highest or 1]}
    return {
        "data": data,
        "layout": layout(
            title,
            showlegend=len(values) > 1,
            xaxis={"showgrid": False},
            yaxis=axis,
            barmode="group",
        ),
    }
