"""Fig. 4: how much the loss weights and the number of diffusion steps matter, for TCD and for
NPD."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from mealrec.ranking.metrics import METRICS
from mealrec.study.comparison import FORMS, over_seeds, table
from mealrec.study.harness import Job, Study, made, read_ranks
from mealrec.study.picture import layout
from mealrec.study.results import Exhibit
from mealrec.study.systems import OURS

LAMBDAS, STEPS = (0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9), (5, 10, 15, 20, 25)
COARSE_LAMBDAS, COARSE_STEPS = (0.01, 0.1, 0.9), (5, 15, 25)
WEIGHTS = {"TCD": "walk.training.loss.lambda_tcd", "NPD": "walk.training.loss.lambda_npd"}
SYMBOLS = {"TCD": "λ_T", "NPD": "λ_N"}
SHOWN = ("unmasked", "N@10")
RAMP = [[0, "#eef0fe"], [0.5, "#8f9bf5"], [1, "#2c349b"]]


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    parser.add_argument(
        "--coarse", action="store_true", help=f"only λ in {COARSE_LAMBDAS} and T in {COARSE_STEPS}"
    )
    parser.add_argument(
        "--lambdas", nargs="+", type=float, help="the loss weights to try (default: the paper's)"
    )
    parser.add_argument(
        "--steps", nargs="+", type=int, help="the numbers of steps T to try (default: the paper's)"
    )


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train MealRec for every weight and T, one module's weight at a time, T shared by both
    modules as in the paper."""
    lambdas = options.lambdas or (COARSE_LAMBDAS if options.coarse else LAMBDAS)
    steps = options.steps or (COARSE_STEPS if options.coarse else STEPS)
    cells = list(grid(lambdas, steps))
    recipes = [
        study.recipe(OURS, seed, f"{WEIGHTS[module]}={weight}", f"walk.model.num_steps={step}")
        for module, weight, step in cells
        for seed in range(study.seeds)
    ]
    jobs = study.train(recipes)
    found = [
        {"module": module, "lambda": weight, "T": step}
        | measured(jobs[number * study.seeds :][: study.seeds])
        for number, (module, weight, step) in enumerate(cells)
    ]
    own = study.recipe(OURS, 0).walk
    fixed = {
        "λ_T": own.training.loss.lambda_tcd,
        "λ_N": own.training.loss.lambda_npd,
        "T": own.model.num_steps,
    }
    text = "\n".join(
        [*(grid_table(found, module, lambdas, steps) for module in WEIGHTS), notes(found, fixed)]
    )
    numbers = {"cells": found, "fixed": fixed, "runs": len({job.folder for job in jobs})}
    return Exhibit("Sensitivity (Fig. 4)", text, numbers, heatmaps(found, lambdas, steps))


def grid(lambdas, steps) -> Iterator[tuple[str, float, int]]:
    """Yield (module, its loss weight, T)."""
    for module in WEIGHTS:
        for weight in lambdas:
            for step in steps:
                yield module, weight, step


def measured(jobs: list[Job]) -> dict:
    """Return one cell's metrics, the mean over its seeds."""
    ranks = [read_ranks(job.folder) for job in jobs]
    test = {form: {metric: over_seeds(ranks, form, metric) for metric in METRICS} for form in FORMS}
    return test | {
        "validation_N@10": float(np.mean([made(job)["validation_N@10"] for job in jobs]))
    }


def rows_of(found: list[dict], module: str, lambdas, steps) -> list[list[float]]:
    """Return the shown metric of a module's cells, a row a weight."""
    place = {(cell["module"], cell["lambda"], cell["T"]): cell for cell in found}
    form, metric = SHOWN
    return [[place[module, weight, step][form][metric] for step in steps] for weight in lambdas]


def grid_table(found: list[dict], module: str, lambdas, steps) -> str:
    """Return one module's grid in Markdown."""
    head = [f"{module}: {SYMBOLS[module]} \\ T", *map(str, steps)]
    rows = rows_of(found, module, lambdas, steps)
    return table(
        head,
        [
            [str(weight), *(f"{v:.4f}" for v in row)]
            for weight, row in zip(lambdas, rows, strict=True)
        ],
    )


def notes(found: list[dict], fixed: dict) -> str:
    """Return what is held fixed, and how far the best and the worst cell lie apart."""
    form, metric = SHOWN
    values = [cell[form][metric] for cell in found]
    spread = f"from {min(values):.4f} to {max(values):.4f}"
    return (
        f"{metric}, {form}, on test; {len(found)} cells, {spread}. T is one number for both modules. While one weight "
        f"changes the other stays as in the recipe (λ_T {fixed['λ_T']}, λ_N {fixed['λ_N']}; its T is {fixed['T']}). "
        "The JSON has the validation values, by which alone a setting may be picked.\n"
    )


def heatmaps(found: list[dict], lambdas, steps) -> dict:
    """Return the two grids side by side on one scale; darker is better."""
    grids = {module: rows_of(found, module, lambdas, steps) for module in WEIGHTS}
    values = [value for rows in grids.values() for row in rows for value in row]
    data, annotations = [], []
    for number, (module, rows) in enumerate(grids.items()):
        suffix = "" if number == 0 else str(number + 1)
        data.append(
            {
                "type": "heatmap",
                "x": [str(step) for step in steps],
                "y": [str(weight) for weight in lambdas],
                "z": rows,
                "zmin": min(values),
                "zmax": max(values),
                "text": [[f"{value:.4f}"[1:] for value in row] for row in rows],
                "texttemplate": "%{text}",
                "colorscale": RAMP,
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
            }
        )
        place = {
            "xref": "paper",
            "yref": "paper",
            "x": 0.23 + 0.54 * number,
            "y": 1.06,
            "showarrow": False,
        }
        annotations.append(place | {"text": module, "xanchor": "center"})
    axes = {
        f"{name}{suffix}": {
            "type": "category",
            "title": {"text": title},
            "showgrid": False,
            **extra,
        }
        for suffix, symbol, domain in (
            ("", "λ<sub>T</sub>", [0, 0.46]),
            ("2", "λ<sub>N</sub>", [0.54, 1]),
        )
        for name, title, extra in (
            ("xaxis", "diffusion steps T", {"domain": domain, "anchor": f"y{suffix}"}),
            ("yaxis", symbol, {"anchor": f"x{suffix}"}),
        )
    }
    title = f"Sensitivity (Fig. 4): {SHOWN[1]}, {SHOWN[0]}"
    return {"data": data, "layout": layout(title, annotations=annotations, **axes)}
