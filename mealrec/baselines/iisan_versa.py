"""IISAN-Versa (Fu et al., 2025): IISAN's side towers for encoders of unequal depth and width."""

from __future__ import annotations

from dataclasses import dataclass

from mealrec.baselines._towers import Towers, TowersConfig


@dataclass(frozen=True)
class IISANVersaConfig(TowersConfig):
    """`layers`: how many layers of an encoder are kept at most."""

    layers: int = 6


class System(Towers):
    """Of a deeper encoder `layers` evenly spaced layers are kept, of a shallower one all.

    That is the paper's group layer-dropping. Where one still keeps more, its first adapters run
    alone; the tower between begins with the other's first. A Linear a layer maps the wider side
    down there. Departs: see Towers.
    """

    Config = IISANVersaConfig
    SUMMARY = (
        "IISAN-Versa: side towers over hidden states of encoders of any depth and width, no IDs"
    )

    def layers_of(self, depth: int) -> list[int]:
        """Return evenly spaced layers, the last with them."""
        # The last of each of `count` equal parts.
        count = min(self.config.layers, depth)
        return [depth * (place + 1) // count for place in range(count)]
