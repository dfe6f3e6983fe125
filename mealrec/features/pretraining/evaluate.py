"""Does a frame's feature find frames of the same motif, whatever its colours? Reads the planted truth."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional

from mealrec.errors import DataFormatError
from mealrec.features.pretraining.augment import TEST, grade
from mealrec.features.pretraining.pool import FramePool
from mealrec.features.video import VideoEncoder

NEIGHBOURS, RETRIEVED, BATCH = 5, 10, 16
RIDGE = 1e-2


def frame_motifs(data: Path, pool: FramePool) -> np.ndarray:
    """Return the motif [C, K] planted at each frame of the pool, from `truth/clips.json`.

    Raises DataFormatError where a clip's truth is missing.
    """
    path = data / "truth" / "clips.json"
    try:
        truth = json.loads(path.read_text())
        shots = [truth[item_id]["shots"] for item_id in pool.item_ids]
    except (OSError, ValueError, KeyError) as error:
        raise DataFormatError(
            f"{path} does not tell the shots of every clip: evaluate on the sample catalogue."
        ) from error
    return np.array([[_shown(clip, t) for t in times] for clip, times in zip(shots, pool.times_s, strict=True)])


def encode_clips(encoder: VideoEncoder, frames: np.ndarray, generator: Generator | None = None) -> np.ndarray:
    """Return features [C, K, V] of frames [C, K, S, S, 3]; with a generator each frame is graded at random first."""
    features = []
    for start in range(0, len(frames), BATCH):
        batch = torch.tensor(frames[start : start + BATCH])
        if generator is not None:
            batch = _graded(batch, generator)
        features.append(encoder.encode(batch.numpy())[0])
    return np.concatenate(features)


def measure(features: np.ndarray, motifs: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Measure features [C, K, V] on the held-out clips ([C] bool) against all motifs [C, K].

    Returns `knn5`: share of held-out frames whose 5 nearest training frames (cosine) vote for their motif;
    `probe`: the same of a ridge classifier fitted on training frames; `precision10`: share of a held-out
    clip's 10 nearest clips (mean features) that share a motif with it; `chance10`: the same of any clip.
    """
    names, labels = np.unique(motifs, return_inverse=True)
    labels = torch.from_numpy(labels.reshape(motifs.shape))
    frames = functional.normalize(torch.from_numpy(features), dim=-1)
    seen, asked = torch.from_numpy(~held_out), torch.from_numpy(held_out)
    index, queries = frames[seen].flatten(0, 1), frames[asked].flatten(0, 1)
    index_labels, query_labels = labels[seen].flatten(), labels[asked].flatten()
    one_hot = functional.one_hot(index_labels, len(names)).float()
    precision, chance = _clip_precision(torch.from_numpy(features).mean(1), motifs, held_out)
    return {
        "knn5": _accuracy(_votes(queries @ index.T, one_hot), query_labels),
        "probe": _accuracy(_ridge(index, one_hot, queries), query_labels),
        "precision10": precision,
        "chance10": chance,
    }


def forward_seconds(encoder: VideoEncoder, repeats: int = 9) -> float:
    """Return the median time of one upload's forward pass (K frames of 256 x 448)."""
    frames = np.zeros((1, encoder.num_frames, 448, 256, 3), np.uint8)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        encoder.encode(frames)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _shown(shots: Sequence[dict], time_s: float) -> str:
    return [shot for shot in shots if shot["start_s"] <= time_s or shot is shots[0]][-1]["motif"]


def _graded(frames: Tensor, generator: Generator) -> Tensor:
    pixels = frames.flatten(0, 1).permute(0, 3, 1, 2).float() / 255
    graded = grade(pixels, TEST, generator).permute(0, 2, 3, 1)
    return (graded * 255).round().to(torch.uint8).reshape(frames.shape)


def _votes(similarity: Tensor, one_hot: Tensor) -> Tensor:
    values, nearest = similarity.topk(NEIGHBOURS, dim=1)
    return (one_hot[nearest] * (1 + 1e-3 * values[..., None])).sum(1)  # similarity breaks ties


def _ridge(index: Tensor, one_hot: Tensor, queries: Tensor) -> Tensor:
    mean = index.mean(0)
    centred = index - mean
    gram = centred.T @ centred
    weights = torch.linalg.solve(gram + RIDGE * gram.diagonal().mean() * torch.eye(len(gram)), centred.T @ one_hot)
    return (queries - mean) @ weights


def _accuracy(scores: Tensor, labels: Tensor) -> float:
    return (scores.argmax(1) == labels).float().mean().item()


def _clip_precision(clips: Tensor, motifs: np.ndarray, held_out: np.ndarray) -> tuple[float, float]:
    names = np.unique(motifs)
    contains = torch.from_numpy((motifs[:, :, None] == names).any(1)).float()
    shares = (contains @ contains.T > 0).float()
    clips = functional.normalize(clips, dim=1)
    similarity = (clips @ clips.T).fill_diagonal_(-torch.inf)
    asked = torch.from_numpy(held_out)
    nearest = similarity[asked].topk(min(RETRIEVED, len(clips) - 1), dim=1).indices
    others = len(clips) - 1
    chance = (shares[asked].sum(1) - 1) / others
    return shares[asked].gather(1, nearest).mean().item(), chance.mean().item()
