"""IISAN (Fu et al., 2024): side towers over every second layer of two frozen, alike encoders."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.baselines._towers import Towers, TowersConfig
from mealrec.errors import TrainingError


@dataclass(frozen=True)
class IISANConfig(TowersConfig):
    """The settings of the towers."""


class System(Towers):
    """Three towers, layer by layer, and SASRec over their ends in one projection.

    The encoders are never run while it trains: their hidden states are kept. Departs: see Towers.
    """

    Config = IISANConfig
    SUMMARY = "IISAN: side towers over every second hidden state of frozen encoders, no IDs"

    def __init__(self, config: IISANConfig):
        super().__init__(config)
        # Layer meets layer: neither side may be deeper or wider.
        visual = (config.visual_layers, config.visual_width)
        text = (config.text_layers, config.text_width)
        if visual != text:
            raise TrainingError(
                f"iisan needs encoders of one depth and width; the visual one has (layers, width) "
                f"{visual} and the text one {text}: train iisan_versa on them"
            )

    def layers_of(self, depth: int) -> list[int]:
        """Return every second layer, the last with them."""
        # Counted from the last one down.
        return list(range(depth, 0, -2))[::-1]
