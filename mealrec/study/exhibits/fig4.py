"""Fig. 4: how much the loss weights and the number of diffusion steps matter, of TCD and NPD."""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from mealrec.figures import table
from mealrec.study.comparison import FORMS, table_row
from mealrec.study.harness import Job, Study, made, read_ranks
from mealrec.study.picture import axis_suffix, layout, panel_heading
from mealrec.study.results import Exhibit
from mealrec.study.systems import OURS

LAMBDAS = (0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9)
STEPS = (5, 10, 15, 20, 25)
COARSE_LAMBDAS = (0.01, 0.1, 0.9)
COARSE_STEPS = (5, 15, 25)
WEIGHTS = {"TCD": "walk.training.loss.lambda_tcd", "NPD": "walk.training.loss.lambda_npd"}
SYMBOLS = {"TCD": "λ_T", "NPD": "λ_N"}
SHOWN = ("unmasked", "N@10")
RAMP = [[0, "#eef0fe"], [0.5, "#8f9bf5"], [1, "#2c349b"]]


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    add = parser.add_argument
    add("--coarse", action="store_true", help=f"only λ in {COARSE_LAMBDAS} and T in {COARSE_STEPS}")
    add("--lambdas", nargs="+", type=float, help="the loss weights to try (default: the paper's)")
    add("--steps", nargs="+", type=int, help="the numbers of steps T to try (default: the paper's)")


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Train MealRec for every weight and T, one module's weight at a time, as the paper does.

    T is shared by both modules.
    """
    lambdas = options.lambdas or (COARSE_LAMBDAS if options.coarse else LAMBDAS)
    steps = options.steps or (COARSE_STEPS if options.coarse else STEPS)
    cells = list(product(WEIGHTS, lambdas, steps))

    # Every cell by every seed; cells with the recipe's own settings are one training.
    recipes = []
    for module, weight, step in cells:
        settings = (f"{WEIGHTS[module]}={weight}", f"walk.model.num_steps={step}")
        recipes += [study.recipe(OURS, seed, *settings) for seed in range(study.seeds)]
    jobs = study.train(recipes)
    found = []
    for number, (module, weight, step) in enumerate(cells):
        own = jobs[number * study.seeds :][: study.seeds]
        found.append({"module": module, "lambda": weight, "T": step} | measured(own))

    # What stays as in the recipe while one weight changes.
    walk = study.recipe(OURS, 0).walk
    fixed = {
        "λ_T": walk.training.loss.lambda_tcd,
        "λ_N": walk.training.loss.lambda_npd,
        "T": walk.model.num_steps,
    }
    tables = [grid_table(found, module, lambdas, steps) for module in WEIGHTS]
    text = "\n".join([*tables, notes(found, fixed)])
    numbers = {"cells": found, "fixed": fixed, "runs": len({job.folder for job in jobs})}
    return Exhibit("Sensitivity (Fig. 4)", text, numbers, heatmaps(found, lambdas, steps))


def measured(jobs: list[Job]) -> dict:
    """Return one cell's metrics, the mean over its seeds."""
    row = table_row([read_ranks(job.folder) for job in jobs])
    cell: dict = {}
    for form in FORMS:
        cell[form] = {metric: value["mean"] for metric, value in row[form].items()}
    cell["validation_N@10"] = float(np.mean([made(job)["validation_N@10"] for job in jobs]))
    return cell


def rows_of(found: list[dict], module: str, lambdas, steps) -> list[list[float]]:
    """Return the shown metric of a module's cells, a row a weight."""
    place = {(cell["module"], cell["lambda"], cell["T"]): cell for cell in found}
    form, metric = SHOWN
    return [[place[module, weight, step][form][metric] for step in steps] for weight in lambdas]


def grid_table(found: list[dict], module: str, lambdas, steps) -> str:
    """Return one module's grid in Markdown."""
    head = [f"{module}: {SYMBOLS[module]} \\ T", *map(str, steps)]
    rows = rows_of(found, module, lambdas, steps)
    body = []
    for weight, row in zip(lambdas, rows, strict=True):
        body.append([str(weight), *(f"{value:.4f}" for value in row)])
    return table(head, body)


def notes(found: list[dict], fixed: dict) -> str:
    """Return what is held fixed, and how far the best and the worst cell lie apart."""
    form, metric = SHOWN
    values = [cell[form][metric] for cell in found]
    spread = f"from {min(values):.4f} to {max(values):.4f}"
    return (
        f"{metric}, {form}, on test; {len(found)} cells, {spread}. T is one number for both "
        "modules. While one weight changes the other stays as in the recipe "
        f"(λ_T {fixed['λ_T']}, λ_N {fixed['λ_N']}; its T is {fixed['T']}). The JSON has the "
        "validation values, by which alone a setting may be picked.\n"
    )


def heatmaps(found: list[dict], lambdas, steps) -> dict:
    """Return the two grids side by side on one scale; darker is better."""
    grids = {module: rows_of(found, module, lambdas, steps) for module in WEIGHTS}
    values = [value for rows in grids.values() for row in rows for value in row]
    shared = {
        "type": "heatmap",
        "x": [str(step) for step in steps],
        "y": [str(weight) for weight in lambdas],
        "zmin": min(values),
        "zmax": max(values),
        "texttemplate": "%{text}",
        "colorscale": RAMP,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }

    # Each grid has axes and a heading of its own.
    data = []
    annotations = []
    axes = {}
    for number, (module, rows) in enumerate(grids.items()):
        suffix = axis_suffix(number)
        cells = [[f"{value:.4f}"[1:] for value in row] for row in rows]
        places = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        data.append(shared | {"z": rows, "text": cells} | places)
        annotations.append(panel_heading(module, 0.23 + 0.54 * number))
        axis = {"type": "category", "showgrid": False}
        axes[f"xaxis{suffix}"] = axis | {
            "title": {"text": "diffusion steps T"},
            "domain": [0.54 * number, 0.46 + 0.54 * number],
            "anchor": f"y{suffix}",
        }
        symbol = f"λ<sub>{SYMBOLS[module][-1]}</sub>"
        axes[f"yaxis{suffix}"] = axis | {"title": {"text": symbol}, "anchor": f"x{suffix}"}
    title = f"Sensitivity (Fig. 4): {SHOWN[1]}, {SHOWN[0]}"
    return {"data": data, "layout": layout(title, annotations=annotations, **axes)}
