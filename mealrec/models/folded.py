"""The two denoisers with all that stays fixed over a walk folded in: the same functions, a third of the operations.

A walk calls them T times on a handful of rows, where starting an operation costs more than its arithmetic. Training
uses the modules themselves (tcd.py, npd.py), which say what is computed; tests hold both to the same numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mealrec.models.attention import Attention, Memory
from mealrec.models.npd import NPD
from mealrec.models.tcd import TCD
from mealrec.models.unet import Level, TemporalUNet, step_embedding


class FoldedTCD:
    """f_θ (Eq. 8) of one walk: `denoise(zt, t)` for R rows of K frames, as `TCD.denoise` under the same guidance."""

    def __init__(self, tcd: TCD, num_frames: int, num_steps: int, history_visual: Tensor, log_weights: Tensor):
        """Fold `history_visual` [R, L, D] with its `log_weights` [R, L] and the steps 0 to `num_steps`."""
        unet, device = tcd.unet, history_visual.device
        steps = unet.step(step_embedding(torch.arange(num_steps + 1, device=device), unet.width))
        edge = history_visual.new_zeros(len(history_visual), 1, unet.width)
        self._down, self._middle, self._up = (
            _FoldedLevel(level, steps, edge) for level in (unet.down, unet.middle, unet.up)
        )
        self._norm, self._guide = _affine(unet.norm_query), _FoldedGuide(unet.guide, history_visual, log_weights)
        self._halve, self._restore = _pairs(num_frames, edge)
        self._set_outputs(unet)

    def _set_outputs(self, unet: TemporalUNet) -> None:
        self._merge_fine, self._merge_coarse = unet.merge.weight.t().split(unet.width)
        self._merge_bias = unet.merge.bias
        self._out = _map(unet.out)

    def denoise(self, zt: Tensor, step: int) -> Tensor:
        """Return ẑ_0^(t) [R, K, D] of z_t [R, K, D]."""
        rows, count, width = zt.shape
        fine = self._down(zt, step)
        coarse = self._middle(torch.bmm(self._halve, fine), step)
        coarse = self._guide(coarse, torch.layer_norm(coarse, (width,), *self._norm))
        merged = torch.addmm(self._merge_bias, fine.view(-1, width), self._merge_fine).view(rows, count, width)
        spread = torch.mm(coarse.view(-1, width), self._merge_coarse).view(rows, -1, width)
        restored = self._up(torch.baddbmm(merged, self._restore, spread), step)
        return torch.addmm(self._out[0], restored.view(-1, width), self._out[1]).view(rows, count, width) + zt


class _FoldedLevel:
    """`unet.Level` with the embeddings of all steps [T + 1, D] taken into the first convolution's bias."""

    def __init__(self, level: Level, steps: Tensor, edge: Tensor):
        self._norm, self._edge = _affine(level.norm), edge
        self._biases = (level.step(steps) + level.first.linear.bias).unbind(0)
        self._first, (self._bias, self._second) = level.first.linear.weight.t(), _map(level.second.linear)

    def __call__(self, x: Tensor, step: int) -> Tensor:
        normed = torch.layer_norm(x, x.shape[-1:], *self._norm)
        hidden = F.silu(self._convolved(normed, self._biases[step], self._first), inplace=True)
        return self._convolved(hidden, self._bias, self._second) + x

    def _convolved(self, x: Tensor, bias: Tensor, weight: Tensor) -> Tensor:
        rows, count, width = x.shape
        padded = torch.cat((self._edge, x, self._edge), 1)
        windows = padded.as_strided((rows, count, 3 * width), (padded.stride(0), width, 1))
        return torch.addmm(bias, windows.reshape(-1, 3 * width), weight).view(rows, count, width)


class _FoldedGuide:
    """Attention to L fixed tokens: queries' map and keys are one matrix, values and output map another.

    softmax((x W_q + b_q) Kᵀ) V W_o + b_o = softmax(x (W_q Kᵀ) + b_q Kᵀ) (V W_o + b_o), head by head, because the
    weights of each head sum to one.
    """

    def __init__(self, attention: Attention, tokens: Tensor, bias: Tensor):
        keys, values = attention.project(tokens)
        rows, self._heads, length, size = keys.shape
        width = attention.query.in_features
        keys = keys.transpose(-1, -2) / size**0.5
        query = attention.query.weight.view(self._heads, size, width).transpose(1, 2)
        self._keys = (query @ keys).transpose(1, 2).reshape(rows, width, -1)
        offset = attention.query.bias.view(self._heads, 1, size) @ keys
        self._bias = (offset + bias[:, None, None]).view(rows, 1, -1)
        out = attention.out.weight.view(width, self._heads, size).permute(1, 2, 0)
        self._values = (values @ out + attention.out.bias / self._heads).view(rows, -1, width)
        self._split = (rows, -1, self._heads, length)

    def __call__(self, x: Tensor, queries: Tensor) -> Tensor:
        """Return x [R, Q, D] plus what its queries [R, Q, D] find."""
        weights = torch.baddbmm(self._bias, queries, self._keys).view(self._split).softmax(-1)
        return torch.baddbmm(x, weights.flatten(2), self._values)


class FoldedNPD:
    """g_θ (Eq. 13) of one walk: `denoise(xt)` for R rows, as `NPD.denoise` under the same condition.

    It writes each step's own key and value behind those of the condition: one walk, one thread.
    """

    def __init__(self, npd: NPD, memory: Memory, visible: Tensor):
        """Fold a condition, see `NPD.condition`."""
        attention, feed = npd.block.attention, npd.block.feed
        keys, values = memory
        rows, heads, length, size = keys.shape
        self._keys = F.pad(keys.transpose(-1, -2), (0, 1)).reshape(-1, size, length + 1)
        self._values = F.pad(values, (0, 0, 0, 1)).reshape(-1, length + 1, size)
        hidden = F.pad(torch.where(visible, 0.0, float("-inf")), (0, 1))
        self._bias = hidden.repeat_interleave(heads, 0).unsqueeze(1)
        self._heads_split = (rows * heads, 1, size)
        weights = torch.cat([attention.query.weight / size**0.5, attention.key_value.weight])
        biases = torch.cat([attention.query.bias / size**0.5, attention.key_value.bias])
        self._project = weights.unflatten(0, (3, -1)).transpose(1, 2), biases.unflatten(0, (3, 1, -1))
        self._enter, self._mixed, self._out = _map(npd.enter), _map(attention.out), _map(npd.out)
        self._widen, self._narrow = _map(feed[0]), _map(feed[-1])
        self._norms = [_affine(norm) for norm in (npd.block.norm_attention, npd.block.norm_feed, npd.norm_out)]

    def denoise(self, xt: Tensor) -> Tensor:
        """Return x̂_0 [R, D] of x_t [R, D]."""
        width = xt.shape[-1:]
        before, between, after = self._norms
        x = torch.addmm(self._enter[0], xt, self._enter[1])
        x = x + self._attended(torch.layer_norm(x, width, *before))
        hidden = F.gelu(torch.addmm(self._widen[0], torch.layer_norm(x, width, *between), self._widen[1]))
        x = torch.addmm(self._narrow[0], hidden, self._narrow[1]) + x
        change = torch.addmm(self._out[0], torch.layer_norm(x, width, *after), self._out[1])
        return torch.layer_norm(xt + change, width)

    def _attended(self, x: Tensor) -> Tensor:
        weight, bias = self._project
        query, key, value = torch.baddbmm(bias, x.expand(3, -1, -1), weight).view(3, *self._heads_split).unbind(0)
        self._keys[..., -1:] = key.transpose(1, 2)
        self._values[:, -1:] = value
        weights = torch.baddbmm(self._bias, query, self._keys).softmax(-1)
        return torch.addmm(self._mixed[0], torch.bmm(weights, self._values).view(x.shape), self._mixed[1])


def _affine(norm: nn.LayerNorm) -> tuple[Tensor, Tensor]:
    return norm.weight, norm.bias


def _map(linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return a layer as torch.addmm takes it: bias and transposed weight."""
    return linear.bias, linear.weight.t()


def _pairs(count: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the maps [R, ceil(K / 2), K] that averages neighbouring frames and [R, K, ceil(K / 2)] that repeats."""
    repeat = F.one_hot(torch.arange(count, device=like.device) // 2).to(like)
    halve = repeat.t() / repeat.sum(0).unsqueeze(1)
    return halve.expand(len(like), -1, -1), repeat.expand(len(like), -1, -1)
