"""What recbole_check.py's runs come to: agreement, cost, and the tables for people."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from scipy import stats

THEIRS = "RecBole"
PREFIXES = "ours, one row a prefix"
PASS = "ours, one pass a user"
METRICS = ("H@10", "N@10", "H@20", "N@20")
GOAL = 3.0  # times faster


@dataclass(frozen=True)
class Run:
    """One side's training with one seed."""

    seed: int
    about: dict
    epochs: list[dict]
    test: dict[str, float]

    @property
    def best(self) -> dict:
        """The epoch that validation picked."""
        return max(self.epochs, key=lambda line: line["validation"]["N@10"])


def compare(runs: dict[str, list[Run]]) -> dict:
    """Return how far our forms are from RecBole in the test, and what an epoch costs each."""
    # Every side's test by seed, and its usual epoch.
    test = {}
    cost = {}
    for name, of_side in runs.items():
        test[name] = {m: [run.test[m] for run in of_side] for m in METRICS}
        cost[name] = {}
        for kind in ("seconds", "cpu_seconds"):
            taken = [line[kind] for run in of_side for line in run.epochs]
            cost[name][kind] = statistics.median(taken)

    # Ours against theirs.
    agreement = {}
    faster = {}
    for name in (PREFIXES, PASS):
        agreement[name] = {m: difference(test[name][m], test[THEIRS][m]) for m in METRICS}
        faster[name] = {kind: cost[THEIRS][kind] / value for kind, value in cost[name].items()}
    return {"test": test, "agreement": agreement, "cost": cost, "times_faster": faster}


def difference(ours: list[float], theirs: list[float]) -> dict:
    """Return the difference of the means, and its 95 % interval, None with one seed.

    The interval comes from the spread over seeds.
    """
    found = {
        "difference": statistics.mean(ours) - statistics.mean(theirs),
        "interval": None,
        "agrees": None,
    }
    if len(ours) > 1 and len(theirs) > 1:
        low, high = stats.ttest_ind(ours, theirs).confidence_interval()
        found |= {"interval": [float(low), float(high)], "agrees": bool(low <= 0 <= high)}
    return found


def markdown(report: dict, runs: dict[str, list[Run]]) -> str:
    """Return the comparison for people."""
    goal = "met" if report["times_faster"][PASS]["cpu_seconds"] >= GOAL else "missed"
    lines = [
        *_facts(report["made"], runs),
        "",
        "## Test, at the epoch with the best validation N@10",
        "",
        "| | " + " | ".join(METRICS) + " | epochs picked |",
        "|---|" + "---|" * (len(METRICS) + 1),
        *(test_row(name, of_side) for name, of_side in runs.items()),
        *(difference_row(name, found) for name, found in report["agreement"].items()),
        "",
        "A difference agrees where its 95 % interval, from the spread over seeds, holds 0.",
        "",
        "## Cost of a training epoch, median",
        "",
        "| | seconds | CPU-seconds | times faster than RecBole (CPU) |",
        "|---|---|---|---|",
        *(
            cost_row(name, cost, report["times_faster"].get(name))
            for name, cost in report["cost"].items()
        ),
        "",
        f"Goal: one pass a user at least {GOAL:g} times faster than RecBole: {goal}.",
        "",
        "## Epoch by epoch, mean over seeds: training loss, validation H@10 / N@10",
        "",
        "| epoch | " + " | ".join(runs) + " |",
        "|---|" + "---|" * len(runs),
        *(epoch_row(number, runs) for number in range(len(runs[THEIRS][0].epochs))),
    ]
    return "\n".join(lines) + "\n"


def _facts(made: dict, runs: dict[str, list[Run]]) -> list[str]:
    """Return the title, and what both sides were trained on and with."""
    # The machine and the data.
    about = runs[THEIRS][0].about
    hardware = made["hardware"]
    data = made["data"]
    size = data["statistics"]
    rows = about["rows"]

    # The settings, and what came of them.
    settings = ", ".join(f"{name} {value}" for name, value in made["settings"].items())
    seeds = len(runs[THEIRS])
    plural = "s" if seeds > 1 else ""
    parameters = [f"{name} {side[0].about['parameters']:,}" for name, side in runs.items()]
    return [
        "# SASRec here and in RecBole",
        "",
        f"    {made['command']}",
        "",
        f"- {made['date']}, {hardware['cpu']}, {hardware['cores']} cores, one thread each, load "
        f"average {hardware['load_average']}, torch {made['torch']}, RecBole {about['version']}",
        f"- data: {data['dataset']}, slice {data['slice']}: {data['recipe']}; "
        f"{size['users']:,} users, {size['items']:,} items, {size['interactions']:,} interactions",
        f"- the same rows on every side, by checksum: {rows['train']['count']:,} to train, "
        f"{rows['validation']['count']:,} to validate, {rows['test']['count']:,} to test; "
        "nothing masked",
        f"- settings: {settings}",
        f"- {seeds} seed{plural}, {len(runs[THEIRS][0].epochs)} epochs, parameters: "
        f"{', '.join(parameters)}",
    ]


def test_row(name: str, of_side: list[Run]) -> str:
    cells = [spread([run.test[metric] for run in of_side]) for metric in METRICS]
    cells.append(", ".join(str(run.best["epoch"]) for run in of_side))
    return f"| {name} | {' | '.join(cells)} |"


def difference_row(name: str, found: dict) -> str:
    # None where one seed has no spread.
    words = {None: "", True: ", agrees", False: ", DIFFERS"}
    cells = [f"{value['difference']:+.4f}{words[value['agrees']]}" for value in found.values()]
    return f"| {name}, minus RecBole | {' | '.join(cells)} | |"


def cost_row(name: str, cost: dict, faster: dict | None) -> str:
    times = f"{faster['cpu_seconds']:.1f}" if faster else ""
    return f"| {name} | {cost['seconds']:.2f} | {cost['cpu_seconds']:.2f} | {times} |"


def epoch_row(number: int, runs: dict[str, list[Run]]) -> str:
    # Each side's mean over seeds.
    cells = []
    for of_side in runs.values():
        lines = [run.epochs[number] for run in of_side]
        loss = statistics.mean(line["loss"] for line in lines)
        hit = statistics.mean(line["validation"]["H@10"] for line in lines)
        gain = statistics.mean(line["validation"]["N@10"] for line in lines)
        cells.append(f"{loss:.4f}, {hit:.4f} / {gain:.4f}")
    return f"| {number + 1} | {' | '.join(cells)} |"


def spread(values: list[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{deviation}"
