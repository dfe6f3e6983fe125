"""Does denoising move a preference toward what its viewer is truly out for? On histories with and without accidents."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mealrec.recommender.scene import Scene

ROWS = 128


def interest_directions(moments: Tensor, motifs: Tensor) -> Tensor:
    """Return each motif's direction [M, D] in the model's own space: the mean of all frames that show it, less the mean
    of all frames.

    `moments` [N+1, K, D] content-mapped frames, `motifs` [N+1, K, M] one-hot, zero for padding.
    """
    shown = motifs.flatten(0, 1)
    frames = moments.flatten(0, 1)
    mean = frames[shown.any(1)].mean(0)
    return shown.T @ (frames - mean) / shown.sum(0).clamp(min=1).unsqueeze(1)


def movement(scene_of, histories: Tensor, interests: Tensor, sought: Tensor, directions: Tensor) -> dict[str, Tensor]:
    """Return how close the preference is to the true interest on its way, as {stage of the walk} of [R, 2]; {} without
    a walk.

    Stages: "x_0" (the encoder's), "x_T" (step T: noise added), "end" (step 0: the last clean prediction, which ranks).
    Column 0 is the cosine of the preference's state with the mean direction of the viewer's interests [R, 2]; column 1
    the AUC of ranking the clips that show one of them, `sought` [R, N+1], above all others. `scene_of` makes a scene of
    histories [B, L].
    """
    parts: dict[str, list[Tensor]] = {"x_0": [], "x_T": [], "end": []}
    for rows in torch.arange(len(histories)).split(ROWS):
        scene = scene_of(histories[rows])
        walk = scene.walk
        if not walk.npd:
            return {}
        states = {"x_0": walk.context.start, "x_T": walk.npd[0].xt, "end": walk.npd[-1].x0_hat}
        for name, state in states.items():
            cosine = F.cosine_similarity(state, directions[interests[rows]].mean(1), dim=-1)
            preference = scene.model.preference(state, walk.context.content)
            auc = _auc(scene.log_probabilities(preference.unsqueeze(1)).squeeze(1), sought[rows], scene.candidates)
            parts[name].append(torch.stack([cosine, auc], 1))
    return {name: torch.cat(values) for name, values in parts.items()}


def moved_toward(places: dict[str, Tensor], start: str, rows: np.ndarray, column: int = 0) -> float:
    """Return the share of `rows` [R] bool whose end is closer to the true interest than the stage `start`."""
    closer = places["end"][:, column] > places[start][:, column]
    return float(closer.numpy()[rows].mean()) if rows.any() else float("nan")


def walking_scene(model, features, items, reference):
    """Return a maker of scenes that hide no frame."""

    def scene_of(histories: Tensor) -> Scene:
        nothing = torch.zeros(len(histories), 1, items.moments.shape[1], dtype=torch.bool)
        return Scene(model, features, items, histories, hidden=nothing, reference=reference)

    return scene_of


def _auc(scores: Tensor, wanted: Tensor, candidates: Tensor) -> Tensor:
    """Return each row's chance [R] that a wanted candidate stands above another; NaN where one kind is missing."""
    order = scores.masked_fill(~candidates, float("-inf")).argsort(1).argsort(1).double()
    yes = (wanted & candidates).double()
    count, others = yes.sum(1), (candidates & ~wanted).sum(1)
    blocked = (~candidates).sum(1)
    return (((order - blocked.unsqueeze(1) + 1) * yes).sum(1) - count * (count + 1) / 2) / count / others
