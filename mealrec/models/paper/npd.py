"""Noise-unconditional Preference Denoising (Sec. 4.4): the preference, recovered without knowing
the step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mealrec.layers import Block, Memory, hide, zero_


@dataclass(frozen=True)
class NPDConfig:
    """`align_blocks` let the condition tokens attend to each other first: c_m is fixed, so once a
    walk.

    `dropout` acts inside the blocks, `token_dropout` hides whole tokens in training.
    """

    width: int = 64
    heads: int = 2
    align_blocks: int = 0
    num_frames: int = 5
    max_length: int = 10
    dropout: float = 0.2
    token_dropout: float = 0.1


class NPD(nn.Module):
    """g_θ(x_t, c_m): the noisy preference attends to itself and to the content tokens c_m.

    Paper: Eq. 13. Blind: no step enters, the noise must be inferred from how far tokens agree.
    """

    def __init__(self, config: NPDConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.frame_places = nn.Parameter(torch.randn(config.num_frames, width) * 0.02)
        self.title_place = nn.Parameter(torch.randn(width) * 0.02)
        self.age_places = nn.Parameter(torch.randn(config.max_length, width) * 0.02)
        self.enter = nn.Linear(width, width)
        self.align = nn.ModuleList(
            Block(width, config.heads, config.dropout) for _ in range(config.align_blocks)
        )
        self.block = Block(width, config.heads, config.dropout)
        self.norm_out = nn.LayerNorm(width)
        self.out = nn.Linear(width, width)
        # training starts at the identity: a random g_θ would wash the preference out
        zero_(self.out)
        self.sphere = nn.LayerNorm(width, elementwise_affine=False)

    def condition(
        self, refined: Tensor, title: Tensor, history: Tensor | None, present: Tensor
    ) -> tuple[Memory, Tensor]:
        """Return c_m's S tokens, projected for g_θ to attend to, and which are visible [R, S].

        `refined` [R, K, D] (ẑ_0), `title` [R, D] (h_L), `history` [R, L, D] or None, `present` [R,
        L].
        """
        tokens = [refined + self.frame_places, (title + self.title_place).unsqueeze(1)]
        visible = torch.ones(
            refined.shape[0], refined.shape[1] + 1, dtype=torch.bool, device=refined.device
        )
        if history is not None:
            age = (
                present.sum(1, keepdim=True)
                - 1
                - torch.arange(present.shape[1], device=present.device)
            )
            tokens.append(history + self.age_places[age.clamp(min=0)])
            visible = torch.cat([visible, present], 1)
        aligned = torch.cat(tokens, 1)
        for block in self.align:
            aligned = block(aligned, hide(visible).unsqueeze(1))
        return self.block.remember(aligned), visible

    def denoise(self, xt: Tensor, memory: Memory, visible: Tensor) -> Tensor:
        """Return x̂_0 [R, D] of x_t [R, D] under the condition: one application of g_θ.

        Paper: Eq. 13. The result lies on the sphere where x_0 lies, so that the walk cannot inflate
        it.
        """
        if self.training and self.config.token_dropout:
            visible = visible & (
                torch.rand(visible.shape, device=visible.device) > self.config.token_dropout
            )
        bias = hide(torch.cat([torch.ones_like(visible[:, :1]), visible], 1)).unsqueeze(1)
        x = self.block(self.enter(xt).unsqueeze(1), bias, memory).squeeze(1)
        return self.sphere(xt + self.out(self.norm_out(x)))
