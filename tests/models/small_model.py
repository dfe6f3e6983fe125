"""A catalogue of invented features and small models of kinds over it."""

from __future__ import annotations

import torch
from torch import Tensor

from mealrec.models.config import MealRecConfig, NPDConfig, TCDConfig
from mealrec.models.mealrec import MealRec
from tests.models.paper.small_model import NUM_FRAMES, NUM_ITEMS, TEXT, VISUAL

KINDS, STEPS, MAX_LENGTH = 8, 4, 10
CLOSE = {"atol": 1e-4, "rtol": 1e-4}  # batch size and padding change the order in which floats are summed


def make_model(variant: str = "full", *, lively: bool = True, **changes) -> MealRec:
    """Return a small model; `lively` moves every number from where training starts, so that every path counts."""
    torch.manual_seed(0)
    none = dict.fromkeys(("id_dropout", "title_dropout", "backbone_dropout"), 0.0)
    shape = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": NUM_FRAMES}
    sizes = {"num_kinds": KINDS, "looks": KINDS, "num_steps": STEPS, "max_length": MAX_LENGTH}
    model = MealRec(MealRecConfig(**{**shape, **sizes, **none, "variant": variant, **changes}))
    if lively:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()


def quiet(**changes) -> dict:
    """Return the changes that make a model one without noise."""
    return {"tcd": TCDConfig(noise_scale=0.0), "npd": NPDConfig(noise_scale=0.0), **changes}


def shares(*shape: int, seed: int = 0) -> Tensor:
    """Draw shares that sum to 1 over the last dimension."""
    return (3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))).softmax(-1)
