"""Train SASRec in RecBole and here on the same rows; compare loss, metrics and cost.

    python benchmarks/recbole_check.py --data FOLDER --recbole-python VENV/bin/python

FOLDER holds MicroLens-50k as published. VENV holds RecBole 1.2.1, which is no part of this project
(Python 3.11):

    pip install numpy==1.26.4 scipy==1.11.4 pandas==2.1.4 torch colorlog colorama pyyaml tqdm
        scikit-learn tabulate plotly tensorboard thop texttable psutil
    pip install --no-deps recbole==1.2.1

All three trainings of a seed take turns, epoch by epoch, each on one thread. Writes recbole.md and
recbole.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from recbole_ours import Ours, Settings  # noqa: E402
from recbole_table import PASS, PREFIXES, THEIRS, Run, compare, markdown  # noqa: E402

from mealrec.data.published.prepare import prepare  # noqa: E402
from mealrec.data.published.recbole import write_inter  # noqa: E402
from mealrec.study.provenance import cpu_model, from_here  # noqa: E402


class RecBole:
    """RecBole's training in a process of its own, which waits between epochs; see Ours."""

    def __init__(self, python: Path, config: dict, folder: Path):
        """Start it in `folder`, where RecBole leaves what it logs."""
        script = ROOT / "benchmarks" / "recbole_train.py"
        # One thread, as our side has.
        environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self.process = subprocess.Popen(
            [str(python.absolute()), str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
        )
        self.about = self._ask(json.dumps(config))

    def epoch(self) -> dict:
        """Train one epoch and return its loss, its seconds and its validation."""
        return self._ask("epoch")

    def test(self) -> dict[str, float]:
        """Return the test of the epoch with the best validation N@10, and end the process."""
        with self.process:
            self.process.stdin.close()
            return self._answer()["test"]

    def _ask(self, line: str) -> dict:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):  # RecBole prints of its own accord as well
                return json.loads(line)
        with self.process:
            status = self.process.wait()
        raise SystemExit(f"RecBole's side ended with code {status}; its message stands above.")


def main() -> None:
    """Run both sides for every seed, print the epochs as they come, and write the comparison."""
    arguments = parse()
    torch.set_num_threads(1)
    settings = Settings(batch_rows=arguments.batch_rows)
    prepared = prepare("microlens-50k", arguments.data, slice=arguments.slice)
    runs: dict[str, list[Run]] = {THEIRS: [], PREFIXES: [], PASS: []}
    with tempfile.TemporaryDirectory() as name:
        # The rows without times: RecBole keeps them as 32-bit floats, which cannot tell apart
        # milliseconds of the same minutes.
        folder = Path(name)
        (folder / "slice").mkdir()
        write_inter(prepared.catalogue, folder / "slice" / "slice.inter")

        # Seed by seed; what is known is written after each, as a run is long.
        for seed in range(arguments.seeds):
            config = recbole_config(settings, name, seed)
            sides = {
                THEIRS: RecBole(arguments.recbole_python, config, folder),
                PREFIXES: Ours(prepared.catalogue, settings, seed, prefixes=True),
                PASS: Ours(prepared.catalogue, settings, seed, prefixes=False),
            }
            check_rows(sides)
            for side, run in train(sides, arguments.epochs, seed).items():
                runs[side].append(run)
            report = {"made": made(prepared.report, settings), **compare(runs)}
            text = write(arguments.out, report, runs)
    print(text)


def write(out: Path, report: dict, runs: dict[str, list[Run]]) -> str:
    """Write recbole.json and recbole.md, and return the latter."""
    out.mkdir(parents=True, exist_ok=True)
    every = {}
    for name, of_side in runs.items():
        every[name] = [asdict(run) for run in of_side]
    values = json.dumps(report | {"runs": every}, indent=1)
    (out / "recbole.json").write_text(values + "\n", encoding="utf-8")
    text = markdown(report, runs)
    (out / "recbole.md").write_text(text, encoding="utf-8")
    return text


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="MicroLens-50k as published")
    parser.add_argument(
        "--recbole-python", type=Path, required=True, help="the Python of a venv with RecBole 1.2.1"
    )
    parser.add_argument(
        "--slice", choices=("small", "full"), default="small", help="default: %(default)s"
    )
    parser.add_argument(
        "--seeds", type=int, default=2, help="how many, from 0 (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    parser.add_argument(
        "--batch-rows", type=int, default=256, help="predictions a step (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "docs" / "results", help="default: docs/results"
    )
    return parser.parse_args()


def recbole_config(settings: Settings, folder: str, seed: int) -> dict:
    """Return RecBole's configuration: leave-one-out by time, full ranking, nothing masked."""
    return {
        # The rows.
        "dataset": "slice",
        "data_path": folder,
        "checkpoint_dir": folder,
        "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
        "seed": seed,
        "use_gpu": False,
        "show_progress": False,
        # The model.
        "hidden_size": settings.width,
        "n_layers": settings.blocks,
        "n_heads": settings.heads,
        "inner_size": settings.inner,
        "hidden_act": "gelu",
        "hidden_dropout_prob": settings.dropout,
        "attn_dropout_prob": settings.dropout,
        # Its training: the whole softmax, no sampled negatives.
        "loss_type": "CE",
        "train_neg_sample_args": None,
        "learner": "adam",
        "learning_rate": settings.learning_rate,
        "train_batch_size": settings.batch_rows,
        "eval_batch_size": 1024,
        "MAX_ITEM_LIST_LENGTH": settings.max_length,
        # Its evaluation.
        "eval_args": {
            "split": {"LS": "valid_and_test"},
            "order": "TO",
            "group_by": None,
            "mode": "full",
        },
        "repeatable": True,
        "metrics": ["Hit", "NDCG"],
        "topk": [10, 20],
        "valid_metric": "NDCG@10",
        "metric_decimal_place": 8,
    }


def check_rows(sides: dict) -> None:
    """Raise SystemExit where the sides do not train and rank exactly the same rows."""
    rows = {name: side.about["rows"] for name, side in sides.items()}
    if any(found != rows[THEIRS] for found in rows.values()):
        raise SystemExit(
            "the sides disagree about the rows, so nothing can be compared: "
            f"{json.dumps(rows, indent=1)}"
        )


def train(sides: dict, epochs: int, seed: int) -> dict[str, Run]:
    """Let the sides take turns, an epoch each, and test the epoch that validation picks."""
    # In turn, so that a disturbance meets all of them.
    lines: dict[str, list[dict]] = {name: [] for name in sides}
    for _ in range(epochs):
        for name, side in sides.items():
            line = side.epoch()
            lines[name].append(line)
            validation = line["validation"]
            print(
                f"seed {seed} epoch {line['epoch']:2d} {name:24s} loss {line['loss']:.4f} "
                f"H@10 {validation['H@10']:.4f} N@10 {validation['N@10']:.4f} "
                f"{line['seconds']:6.1f} s, {line['cpu_seconds']:5.1f} CPU-s",
                flush=True,
            )
    return {name: Run(seed, side.about, lines[name], side.test()) for name, side in sides.items()}


def made(prepared: dict, settings: Settings) -> dict:
    """Return where the numbers come from."""
    load = round(os.getloadavg()[0], 1)
    return {
        "command": shlex.join(["python", *map(from_here, sys.argv)]),
        "date": date.today().isoformat(),
        "hardware": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "threads": 1,
            "load_average": load,
        },
        "torch": torch.__version__,
        "data": {key: prepared[key] for key in ("dataset", "slice", "recipe", "statistics")},
        "settings": asdict(settings),
    }


if __name__ == "__main__":
    main()
