"""What recbole_check.py's runs come to: agreement, cost, and the tables for people."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from scipy import stats

THEIRS, PREFIXES, PASS = "RecBole", "ours, one row a prefix", "ours, one pass a user"
METRICS = ("H@10", "N@10", "H@20", "N@20")
GOAL = 3.0


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
    """Return how far each of our forms is from RecBole in the test metrics, and what an epoch
    costs each."""
    test = {
        name: {m: [run.test[m] for run in of_side] for m in METRICS}
        for name, of_side in runs.items()
    }
    cost = {
        name: {
            kind: statistics.median(line[kind] for run in of_side for line in run.epochs)
            for kind in ("seconds", "cpu_seconds")
        }
        for name, of_side in runs.items()
    }
    return {
        "test": test,
        "agreement": {
            name: {m: difference(test[name][m], test[THEIRS][m]) for m in METRICS}
            for name in (PREFIXES, PASS)
        },
        "cost": cost,
        "times_faster": {
            name: {kind: cost[THEIRS][kind] / value for kind, value in cost[name].items()}
            for name in (PREFIXES, PASS)
        },
    }


def difference(ours: list[float], theirs: list[float]) -> dict:
    """Return the difference of the means, and its 95 % interval from the spread over seeds (None
    with one seed)."""
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
    facts, about = report["made"], runs[THEIRS][0].about
    hardware, size = facts["hardware"], facts["data"]["statistics"]
    rows, seeds = about["rows"], len(runs[THEIRS])
    lines = [
        "# SASRec here and in RecBole",
        "",
        f"    {facts['command']}",
        "",
        f"- {facts['date']}, {hardware['cpu']}, {hardware['cores']} cores, one thread each, "
        f"load average {hardware['load_average']}, torch {facts['torch']}, RecBole {about['version']}",
        f"- data: {facts['data']['dataset']}, slice {facts['data']['slice']}: {facts['data']['recipe']}; "
        f"{size['users']:,} users, {size['items']:,} items, {size['interactions']:,} interactions",
        f"- the same rows on every side, by checksum: {rows['train']['count']:,} to train, "
        f"{rows['validation']['count']:,} to validate, {rows['test']['count']:,} to test; nothing masked",
        f"- settings: {', '.join(f'{name} {value}' for name, value in facts['settings'].items())}",
        f"- {seeds} seed{'s' * (seeds > 1)}, {len(runs[THEIRS][0].epochs)} epochs, parameters: "
        + ", ".join(f"{name} {of_side[0].about['parameters']:,}" for name, of_side in runs.items()),
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
        f"Goal: one pass a user at least {GOAL:g} times faster than RecBole: "
        f"{'met' if report['times_faster'][PASS]['cpu_seconds'] >= GOAL else 'missed'}.",
        "",
        "## Epoch by epoch, mean over seeds: training loss, validation H@10 / N@10",
        "",
        "| epoch | " + " | ".join(runs) + " |",
        "|---|" + "---|" * len(runs),
        *(epoch_row(number, runs) for number in range(len(runs[THEIRS][0].epochs))),
    ]
    return "\n".join(lines) + "\n"


def test_row(name: str, of_side: list[Run]) -> str:
    cells = [spread([run.test[metric] for run in of_side]) for metric in METRICS]
    return (
        f"| {name} | {' | '.join(cells)} | {', '.join(str(run.best['epoch']) for run in of_side)} |"
    )


def difference_row(name: str, found: dict) -> str:
    words = {None: "", True: ", agrees", False: ", DIFFERS"}
    cells = [f"{value['difference']:+.4f}{words[value['agrees']]}" for value in found.values()]
    return f"| {name}, minus RecBole | {' | '.join(cells)} | |"


def cost_row(name: str, cost: dict, faster: dict | None) -> str:
    times = f"{faster['cpu_seconds']:.1f}" if faster else ""
    return f"| {name} | {cost['seconds']:.2f} | {cost['cpu_seconds']:.2f} | {times} |"


def epoch_row(number: int, runs: dict[str, list[Run]]) -> str:
    cells = []
    for of_side in runs.values():
        lines = [run.epochs[number] for run in of_side]
        loss = statistics.mean(line["loss"] for line in lines)
        hit, gain = (
            statistics.mean(line["validation"][metric] for line in lines)
            for metric in ("H@10", "N@10")
        )
        cells.append(f"{loss:.4f}, {hit:.4f} / {gain:.4f}")
    return f"| {number + 1} | {' | '.join(cells)} |"


def spread(values: list[float]) -> str:
    deviation = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{deviation}"
