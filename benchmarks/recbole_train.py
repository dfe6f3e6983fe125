"""RecBole's side of recbole_check.py, run by the Python of a venv that holds RecBole.

It takes and gives JSON lines. The first line in is the configuration as one JSON object; each
further line asks for one epoch of training and answers with its loss, its seconds and its
validation. The end of the input asks for the test of the best epoch.
"""

from __future__ import annotations

import copy
import hashlib
import json
import sys
import time
from collections.abc import Iterator

import recbole
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer
from recbole.utils import init_seed


def main() -> None:
    """Train for as many lines as stdin holds; see the module's docstring."""
    # The configuration, and nothing from the command line.
    settings = json.loads(sys.stdin.readline())
    sys.argv = sys.argv[:1]  # Config reads the command line as well
    torch.set_num_threads(1)
    config = Config(model="SASRec", config_dict=settings)

    # The data, then the model with the seed begun again, as RecBole's own runs do.
    init_seed(config["seed"], reproducibility=True)
    train, validation, test = data_preparation(config, create_dataset(config))
    init_seed(config["seed"], reproducibility=True)
    model = SASRec(config, train.dataset).to("cpu")
    trainer = Trainer(config, model)
    trainer.eval_collector.data_collect(train)

    # What both sides must agree about.
    loaders = {"train": train, "validation": validation, "test": test}
    say(
        version=recbole.__version__,
        rows={name: digest(loader) for name, loader in loaders.items()},
        parameters=sum(weight.numel() for weight in model.parameters()),
        batches=len(train),
    )

    # An epoch for each line; the best weights are kept.
    best = -1.0
    weights = copy.deepcopy(model.state_dict())
    for epoch, _ in enumerate(sys.stdin, 1):
        wall = time.perf_counter()
        cpu = time.process_time()
        loss = trainer._train_epoch(train, epoch - 1) / len(train)
        seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
        metrics = trainer.evaluate(validation, load_best_model=False)
        say(epoch=epoch, loss=loss, **seconds, validation=named(metrics))
        if metrics["ndcg@10"] > best:
            best = metrics["ndcg@10"]
            weights = copy.deepcopy(model.state_dict())

    # At the end of the input, the test.
    model.load_state_dict(weights)
    say(test=named(trainer.evaluate(test, load_best_model=False)))


def say(**line) -> None:
    """Print one JSON line at once."""
    print(json.dumps(line), flush=True)


def named(metrics: dict) -> dict[str, float]:
    """Return RecBole's metrics under our names."""
    return {
        key.replace("hit", "H").replace("ndcg", "N"): float(value) for key, value in metrics.items()
    }


def digest(loader) -> dict:
    """Return how many rows a loader holds, and the SHA-256 of them: see recbole_ours.digests."""
    lines = sorted(rows(loader.dataset))
    return {"count": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def rows(dataset) -> Iterator[str]:
    feat = dataset.inter_feat
    users = dataset.id2token("user_id", feat["user_id"].numpy())
    targets = dataset.id2token("item_id", feat["item_id"].numpy())
    histories = dataset.id2token("item_id", feat["item_id_list"].numpy())
    lengths = feat["item_length"].tolist()
    for user, history, length, target in zip(users, histories, lengths, targets, strict=True):
        yield f"{user} {' '.join(history[:length])} {target}"


if __name__ == "__main__":
    main()
