"""Fig. 5: what Gaussian noise on the visual features costs at test time."""

from __future__ import annotations

import argparse

import torch

from mealrec.features.noise import VisualSpread, noisy
from mealrec.ranking.metrics import METRICS
from mealrec.ranking.ranks import Ranks, model_scorer, rank_rows
from mealrec.study.comparison import FORMS, spread, table
from mealrec.study.harness import Study, load
from mealrec.study.picture import COLOURS, layout
from mealrec.study.report import table_row
from mealrec.study.results import Exhibit
from mealrec.study.systems import OURS

SIGMAS = (0.0, 0.1, 0.3, 0.5)
SYSTEMS = (OURS, f"{OURS}-no-noise", f"{OURS}-no-tcd", "sasrec-guided")
SHOWN = ("H@10", "N@10")
NOTES = """
At test time every visual feature (frames and their summary; titles stay) gets Gaussian noise of σ times the standard
deviation of its kind over all items; each seed's models meet noise drawn with that seed. The models are those of
Table 2: none has met noise on its features in training, and `mealrec-no-noise` none in its diffusions either. In
brackets: relative to the least σ.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    parser.add_argument(
        "--sigmas",
        nargs="+",
        type=float,
        default=SIGMAS,
        help="levels of noise (default: the paper's)",
    )


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Rank the test users by the trained systems under every level of noise."""
    world, sigmas = study.world, tuple(options.sigmas)
    jobs = study.train(
        [study.recipe(name, seed) for name in SYSTEMS for seed in range(study.seeds)]
    )
    found: dict[str, dict[float, list[Ranks]]] = {
        name: {sigma: [] for sigma in sigmas} for name in SYSTEMS
    }
    unit = VisualSpread.of(world.features)
    for sigma in sigmas:
        for seed in range(study.seeds):
            generator = torch.Generator().manual_seed(seed)
            features = noisy(world.features, sigma, generator, unit).to(study.device)
            for job in (job for job in jobs if job.recipe.seed == seed):
                scorer = model_scorer(load(job, world, study.device), features)
                ranks = rank_rows(scorer, world.split.test, world.candidates)
                found[job.recipe.name][sigma].append(ranks)
    rows = {
        name: {sigma: table_row(r, ddof=1) for sigma, r in levels.items()}
        for name, levels in found.items()
    }
    numbers = {
        "systems": {
            name: {str(sigma): row for sigma, row in levels.items()}
            for name, levels in rows.items()
        }
    }
    return Exhibit(
        "Noise on the visual features (Fig. 5)", noise_table(rows) + NOTES, numbers, lines(rows)
    )


def noise_table(rows: dict[str, dict[float, dict]]) -> str:
    """Return a line a system and a level."""
    columns = [(form, metric) for form in FORMS for metric in METRICS]
    body = []
    for name, levels in rows.items():
        clean = levels[min(levels)]
        for sigma, row in levels.items():
            cells = []
            for form, metric in columns:
                value, base = row[form][metric], clean[form][metric]["mean"]
                change = f" ({value['mean'] / base - 1:+.1%})" if base and row is not clean else ""
                cells.append(spread(value, row["seeds"]) + change)
            body.append([name, str(sigma), *cells])
    return table(["system", "σ", *(f"{metric} {form}" for form, metric in columns)], body)


def lines(rows: dict[str, dict[float, dict]]) -> dict:
    """Return a line a system for both metrics of the paper, side by side."""
    data = []
    for number, metric in enumerate(SHOWN):
        for place, (name, levels) in enumerate(rows.items()):
            values = [row["unmasked"][metric] for row in levels.values()]
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": name,
                    "legendgroup": name,
                    "showlegend": number == 0,
                    "x": list(levels),
                    "y": [round(value["mean"], 6) for value in values],
                    "error_y": {
                        "type": "data",
                        "array": [value["sd"] for value in values],
                        "thickness": 1,
                    },
                    "line": {"color": COLOURS[place]},
                    "xaxis": f"x{number + 1 if number else ''}",
                    "yaxis": f"y{number + 1 if number else ''}",
                }
            )
    sides = {"": [0, 0.45], "2": [0.55, 1]}
    axes = {
        f"xaxis{key}": {"title": {"text": "σ"}, "domain": side, "anchor": f"y{key}"}
        for key, side in sides.items()
    }
    axes |= {
        f"yaxis{key}": {
            "title": {"text": f"{metric}, unmasked"},
            "anchor": f"x{key}",
            "rangemode": "tozero",
        }
        for key, metric in zip(sides, SHOWN, strict=True)
    }
    return {"data": data, "layout": layout("Noise on the visual features (Fig. 5)", **axes)}
