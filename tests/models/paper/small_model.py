"""A catalogue of invented features and small models over it."""

from __future__ import annotations

import torch

from mealrec.models.paper.config import NPDConfig, PaperConfig, TCDConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.paper.table import Items
from mealrec.types import ItemFeatures

NUM_ITEMS, NUM_FRAMES, VISUAL, TEXT, WIDTH, MAX_LENGTH = 12, 5, 6, 7, 16, 10
WITHOUT_VISUAL, WITHOUT_TEXT, WITHOUT_ID = 3, 4, 12
HISTORIES = torch.tensor([[1, 2, 5, 0, 0, 0], [7, 3, 4, 9, 10, 11], [12, 0, 0, 0, 0, 0]])


def invent_features(num_items: int = NUM_ITEMS, seed: int = 0) -> ItemFeatures:
    """Return features with one item that has no clip, one without a title and one without an ID."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(num_items + 1, *shape, generator=generator)

    def all_but(item: int) -> torch.Tensor:
        items = torch.arange(num_items + 1)
        return (items > 0) & (items != item)

    return ItemFeatures(
        global_visual=draw(VISUAL),
        frames=draw(NUM_FRAMES, VISUAL),
        text=draw(TEXT),
        has_visual=all_but(WITHOUT_VISUAL),
        has_text=all_but(WITHOUT_TEXT),
        has_id=all_but(WITHOUT_ID),
    )


def whole_table(model: PaperMealRec, features: ItemFeatures) -> Items:
    """Return all items, with the frames of each looked at."""
    return model.table(features, torch.arange(len(features)))


def make_model(variant: str = "full", *, lively: bool = True, dropout: float = 0.0, **changes) -> PaperMealRec:
    """Return a small model; `lively` replaces the zeros that training starts from, so that every path counts."""
    torch.manual_seed(0)
    shape = {
        "num_items": NUM_ITEMS,
        "visual_width": VISUAL,
        "text_width": TEXT,
        "width": WIDTH,
        "tcd": TCDConfig(dropout=dropout),
        "npd": NPDConfig(dropout=dropout, token_dropout=dropout),
    }
    model = PaperMealRec(PaperConfig(**{**shape, "variant": variant, **changes}))
    if lively:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return model.eval()
