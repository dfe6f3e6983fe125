"""IISAN (Fu et al., 2024): side towers over every second layer of two frozen encoders of one
depth and width."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.baselines._towers import Towers, TowersConfig
from mealrec.errors import TrainingError


@dataclass(frozen=True)
class IISANConfig(TowersConfig):
    """The settings of the towers."""


class System(Towers):
    """A tower for each modality and one between, layer by layer, and SASRec over their three ends
    in one projection.

    The encoders are never run while it trains: their hidden states are kept. Departs: see Towers.
    """

    Config = IISANConfig
    SUMMARY = "IISAN: side towers over every second hidden state of frozen encoders, no IDs"

    def __init__(self, config: IISANConfig):
        super().__init__(config)
        sides = (config.visual_layers, config.visual_width), (config.text_layers, config.text_width)
        if sides[0] != sides[1]:
            raise TrainingError(
                f"iisan needs encoders of one depth and width; the visual one has (layers, width) {sides[0]} and the "
                f"text one {sides[1]}: train iisan_versa on them"
            )

    def layers_of(self, depth: int) -> list[int]:
        """Return every second layer, the last among them."""
        return list(range(depth, 0, -2))[::-1]
