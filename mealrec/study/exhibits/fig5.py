"""Fig. 5: what Gaussian noise on the visual features costs at test time."""

from __future__ import annotations

import argparse

import torch

from mealrec.features.noise import VisualSpread, noisy
from mealrec.figures import spread, table
from mealrec.ranking.metrics import METRICS
from mealrec.ranking.ranks import Ranks, model_scorer, rank_rows
from mealrec.study.comparison import FORMS, table_row
from mealrec.study.harness import Study, load
from mealrec.study.picture import COLOURS, axis_suffix, layout
from mealrec.study.results import Exhibit
from mealrec.study.systems import OURS

SIGMAS = (0.0, 0.1, 0.3, 0.5)
SYSTEMS = (OURS, f"{OURS}-no-noise", f"{OURS}-no-tcd", "sasrec-guided")
SHOWN = ("H@10", "N@10")
TITLE = "Noise on the visual features (Fig. 5)"
NOTES = """
At test time every visual feature (frames and their summary; titles stay) gets Gaussian noise of σ
times the standard deviation of its kind over all items; each seed's models meet noise drawn with
that seed. The models are those of Table 2: none has met noise on its features in training, and
`mealrec-no-noise` none in its diffusions either. In brackets: relative to the least σ.
"""


def add_arguments(parser: argparse._ArgumentGroup) -> None:
    """Add this figure's options."""
    told = "levels of noise (default: the paper's)"
    parser.add_argument("--sigmas", nargs="+", type=float, default=SIGMAS, help=told)


def make(study: Study, options: argparse.Namespace) -> Exhibit:
    """Rank the test users by the trained systems under every level of noise."""
    world = study.world
    seeds = range(study.seeds)
    jobs = study.train([study.recipe(name, seed) for name in SYSTEMS for seed in seeds])

    # All systems of a seed meet the same noise.
    found: dict[tuple[str, float], list[Ranks]] = {}
    unit = VisualSpread.of(world.features)
    for sigma in options.sigmas:
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            features = noisy(world.features, sigma, generator, unit).to(study.device)
            for job in jobs:
                if job.recipe.seed != seed:
                    continue
                scorer = model_scorer(load(job, world, study.device), features)
                ranks = rank_rows(scorer, world.split.test, world.candidates)
                found.setdefault((job.recipe.name, sigma), []).append(ranks)

    # A row a system and a level; JSON has no numbers for keys.
    rows = {}
    numbers = {}
    for name in SYSTEMS:
        rows[name] = {sigma: table_row(found[name, sigma]) for sigma in options.sigmas}
        numbers[name] = {str(sigma): row for sigma, row in rows[name].items()}
    text = noise_table(rows) + NOTES
    return Exhibit(TITLE, text, {"systems": numbers}, lines(rows))


def noise_table(rows: dict[str, dict[float, dict]]) -> str:
    """Return a line a system and a level."""
    columns = [(form, metric) for form in FORMS for metric in METRICS]
    body = []
    for name, levels in rows.items():
        clean = levels[min(levels)]
        for sigma, row in levels.items():
            cells = []
            for form, metric in columns:
                value = row[form][metric]
                base = clean[form][metric]["mean"]
                text = spread(value, row["seeds"])
                if base and row is not clean:
                    text += f" ({value['mean'] / base - 1:+.1%})"
                cells.append(text)
            body.append([name, str(sigma), *cells])
    return table(["system", "σ", *(f"{metric} {form}" for form, metric in columns)], body)


def lines(rows: dict[str, dict[float, dict]]) -> dict:
    """Return a line a system for both metrics of the paper, side by side."""
    data = []
    axes = {}

    # Each metric has axes of its own.
    for number, (metric, domain) in enumerate(zip(SHOWN, ([0, 0.45], [0.55, 1]), strict=True)):
        suffix = axis_suffix(number)
        for place, (name, levels) in enumerate(rows.items()):
            values = [row["unmasked"][metric] for row in levels.values()]
            deviations = [value["sd"] for value in values]
            line = {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "legendgroup": name,
                "showlegend": number == 0,
                "x": list(levels),
                "y": [round(value["mean"], 6) for value in values],
                "error_y": {"type": "data", "array": deviations, "thickness": 1},
                "line": {"color": COLOURS[place]},
                "xaxis": f"x{suffix}",
                "yaxis": f"y{suffix}",
            }
            data.append(line)
        title = {"text": f"{metric}, unmasked"}
        axes[f"xaxis{suffix}"] = {"title": {"text": "σ"}, "domain": domain, "anchor": f"y{suffix}"}
        axes[f"yaxis{suffix}"] = {"title": title, "anchor": f"x{suffix}", "rangemode": "tozero"}
    return {"data": data, "layout": layout(TITLE, **axes)}
