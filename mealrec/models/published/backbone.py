"""A backbone with content, and guidance: all that MealRec on published data has but the walk
over kinds."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.models.paper.config import PaperConfig
from mealrec.models.paper.model import PaperMealRec
from mealrec.models.published.guided import Guided

FORM = "guided"


@dataclass(frozen=True)
class GuidedConfig:
    """The backbone with content that is guided; stored as JSON beside the weights."""

    base: PaperConfig

    @property
    def max_length(self) -> int:
        """Return how many clips of a history are read."""
        return self.base.max_length

    def to_dict(self) -> dict:
        """Return plain JSON types."""
        return {"form": FORM, "base": self.base.to_dict()}

    @classmethod
    def from_dict(cls, values: dict) -> GuidedConfig:
        """Rebuild a configuration; raises TypeError on an unknown key."""
        return cls(PaperConfig.from_dict(values["base"]))


class GuidedBackbone(Guided):
    """ŷ_i = the backbone's logit + guidance q·c_i, which is what OnBackbone is without its walk."""

    def __init__(self, config: GuidedConfig, base: PaperMealRec | None = None):
        shape = config.base.num_items, config.base.visual_width, config.base.text_width
        super().__init__(base or PaperMealRec(config.base), *shape)
        self.config = config
