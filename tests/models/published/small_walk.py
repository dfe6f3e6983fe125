"""A tiny world, counted kinds and small walks over it."""

from __future__ import annotations

from functools import cache

import torch

from mealrec.data.interactions import Split, leave_one_out
from mealrec.models.config import NPDConfig, TCDConfig
from mealrec.models.published.config import GraphConfig
from mealrec.models.published.mealrec import KindWalk
from mealrec.types import ItemFeatures
from tests.training.tiny_world import FRAMES, NUM_ITEMS, TEXT, VISUAL, make_catalogue, make_features

KINDS, STEPS = 6, 4
CLOSE = {"atol": 1e-5, "rtol": 1e-4}
QUIET = {"tcd": TCDConfig(noise_scale=0.0), "npd": NPDConfig(hidden=8, noise_scale=0.0)}


@cache
def world() -> tuple[Split, ItemFeatures]:
    """Return the tiny world's split and features."""
    catalogue = make_catalogue()
    return leave_one_out(catalogue), make_features(catalogue)


def make_walk_config(variant: str = "full", **changes) -> GraphConfig:
    """Return a small configuration over the tiny world."""
    shape = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES}
    return GraphConfig(**{**shape, "num_kinds": KINDS, "num_steps": STEPS, "variant": variant, **changes})


def make_walk(variant: str = "full", *, lively: bool = True, **changes) -> KindWalk:
    """Return a walk whose kinds are counted; `lively` moves every number that is learned."""
    torch.manual_seed(0)
    model = KindWalk(make_walk_config(variant, **changes))
    split, features = world()
    model.prepare(split.train, features)
    if lively:
        with torch.no_grad():
            for parameter in (weight for weight in model.parameters() if weight.requires_grad):
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()
