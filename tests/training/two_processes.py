"""One of the processes that train together: `python -m tests.training.two_processes OUT`, with RANK set."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from torch import nn

from mealrec.data.interactions import leave_one_out
from mealrec.models.config import LossConfig, NPDConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.training import forms
from mealrec.training.checkpoint import Checkpoint, write_tensors
from mealrec.training.config import TrainConfig
from mealrec.training.processes import processes
from mealrec.training.trainer import Trained, train
from tests.training.tiny_world import make_catalogue, make_config, make_features, make_kinds_config

# 193 users in batches of 64: the last has a single user, so one of two processes has none.
USERS, CONFIG = 193, TrainConfig(batch_size=64, max_epochs=2, average=0.0)
# Of the form over kinds all but TCD, whose own loss counts clips and not rows.
STILL = {"npd": NPDConfig(noise_scale=0.0), "num_kinds": 4, "looks": 4}
SYSTEMS = {
    "paper": (make_config("backbone", id_dropout=0.0, content_dropout=0.0), CONFIG),
    "kinds": (make_kinds_config("no_tcd", **STILL), replace(CONFIG, loss=LossConfig())),
}


def train_without_chance(folder: Path, form: str) -> Trained:
    """Train where nothing is drawn but the order: whoever shares the work must come to the same result."""
    catalogue = make_catalogue()
    split = leave_one_out(catalogue)
    split = replace(split, train=split.train[:USERS])
    paper = forms.FORMS["paper"]
    forms.FORMS["paper"] = replace(paper, model=lambda config: without_dropout(PaperMealRec(config)))
    try:
        return train(*SYSTEMS[form], split, make_features(catalogue), checkpoint=Checkpoint(folder, {}))
    finally:
        forms.FORMS["paper"] = paper


def without_dropout(model: nn.Module) -> nn.Module:
    """Switch every dropout off, in training too."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


if __name__ == "__main__":
    for form in SYSTEMS:
        out = Path(sys.argv[1]) / form
        trained = train_without_chance(out, form)
        rank = processes("cpu").process_index
        write_tensors(out / f"weights-{rank}.safetensors", trained.model.state_dict())
        (out / f"log-{rank}.json").write_text(json.dumps(trained.log))
    processes("cpu").end_training()
