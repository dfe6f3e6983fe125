"""Noise-unconditional Preference Denoising (Sec. 4.4): the preference, without knowing the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from mealrec.layers import Block, Memory, hide, zero_

if TYPE_CHECKING:
    from mealrec.models.paper.config import NPDConfig


class NPD(nn.Module):
    """g_θ(x_t, c_m): the noisy preference attends to itself and to the content tokens c_m.

    Paper: Eq. 13. Blind: no step enters, the noise must be inferred from how far tokens agree.
    """

    def __init__(self, config: NPDConfig, width: int, num_frames: int, max_length: int):
        super().__init__()
        self.token_dropout = config.token_dropout
        self.frame_places = nn.Parameter(torch.randn(num_frames, width) * 0.02)
        self.title_place = nn.Parameter(torch.randn(width) * 0.02)
        # Drawn for nothing: so a seed begins with the weights behind the published tables.
        torch.randn(max_length, width)
        self.enter = nn.Linear(width, width)
        self.block = Block(width, config.heads, config.dropout)
        self.norm_out = nn.LayerNorm(width)
        self.out = nn.Linear(width, width)
        # training starts at the identity: a random g_θ would wash the preference out
        zero_(self.out)
        self.sphere = nn.LayerNorm(width, elementwise_affine=False)

    def condition(self, refined: Tensor, title: Tensor) -> Memory:
        """Return c_m, K + 1 tokens, projected for g_θ to attend to at every step.

        Paper: Sec. 4.4, the last item's refined frames ẑ_0 [R, K, D] and its title h_L [R, D].
        """
        tokens = [refined + self.frame_places, (title + self.title_place).unsqueeze(1)]
        return self.block.remember(torch.cat(tokens, 1))

    def denoise(self, xt: Tensor, memory: Memory) -> Tensor:
        """Return x̂_0 [R, D] of x_t [R, D] under the condition: one application of g_θ.

        Paper: Eq. 13. The result lies on the sphere where x_0 lies, so that the walk cannot inflate
        it.
        """
        bias = self._hidden_tokens(memory) if self.training and self.token_dropout else None
        x = self.block(self.enter(xt).unsqueeze(1), bias, memory).squeeze(1)
        return self.sphere(xt + self.out(self.norm_out(x)))

    def _hidden_tokens(self, memory: Memory) -> Tensor:
        """Draw which of c_m's tokens are hidden, as a bias [R, 1, 1 + K + 1]; x_t itself is not."""
        # x_t stands before the tokens, and always sees itself.
        keys, _ = memory
        shape = (keys.shape[0], keys.shape[2])
        visible = torch.rand(shape, device=keys.device) > self.token_dropout
        itself = torch.ones_like(visible[:, :1])
        return hide(torch.cat([itself, visible], 1)).unsqueeze(1)
