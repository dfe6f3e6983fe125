"""Does a frame's feature find frames of the same motif, whatever its colours? Reads the planted
truth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional
from tqdm import tqdm

from mealrec.data.clips import clip_path
from mealrec.evaluation.grading import graded
from mealrec.features.encoder import VisualEncoder
from mealrec.features.tensors import visual_axes
from mealrec.video.frames import SampledFrames, sample_frames

NEIGHBOURS, RETRIEVED = 5, 10
RIDGE = 1e-2
BATCH = 4


def encode_clips(
    encoder: VisualEncoder, data: Path, item_ids: Sequence[str], colours: Generator | None = None
) -> tuple[Tensor, np.ndarray]:
    """Decode and encode clips of a catalogue folder; with `colours` each frame is graded at random
    first.

    Returns (features [C, K, V'], times_s [C, K] of the frames).
    """
    features, times = [], []
    for clips in tqdm(list(_batches(item_ids)), unit="batch", desc="encoding"):
        sampled = _decoded(data, clips, encoder.num_frames)
        frames = [clip.frames for clip in sampled]
        if colours is not None:
            frames = [graded(torch.tensor(clip), colours).numpy() for clip in frames]
        features.append(encoder.encode(frames)[0])
        times.extend(clip.times_s for clip in sampled)
    return torch.from_numpy(np.concatenate(features)), np.stack(times)


def measure(features: Tensor, motifs: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Measure features [C, K, V] on the held-out clips ([C] bool) against all motifs [C, K].

    Returns `knn5`: share of held-out frames whose 5 nearest training frames (cosine) vote for their
    motif; `probe`: the same of a ridge classifier fitted on training frames; `precision10`: share
    of a held-out clip's 10 nearest clips (mean features) that share a motif with it; `chance10`:
    the same of any clip.
    """
    names, labels = np.unique(motifs, return_inverse=True)
    labels = torch.from_numpy(labels.reshape(motifs.shape))
    frames = functional.normalize(features, dim=-1)
    seen, asked = torch.from_numpy(~held_out), torch.from_numpy(held_out)
    index, queries = frames[seen].flatten(0, 1), frames[asked].flatten(0, 1)
    index_labels, query_labels = labels[seen].flatten(), labels[asked].flatten()
    one_hot = functional.one_hot(index_labels, len(names)).float()
    precision, chance = _clip_precision(features.mean(1), motifs, held_out)
    return {
        "knn5": _accuracy(votes(queries @ index.T, one_hot, NEIGHBOURS), query_labels),
        "probe": _accuracy(_ridge(index, one_hot, queries), query_labels),
        "precision10": precision,
        "chance10": chance,
    }


def seen_along(encoder: VisualEncoder, fitted_on: Tensor, *features: Tensor) -> list[Tensor]:
    """Return features [..., V'] as a model takes them [..., V], the normalisation fitted on
    frames [M, V']."""
    axes = visual_axes(fitted_on, encoder.temperature is not None)
    return [(rows - fitted_on.mean(0)) @ axes for rows in features]


def votes(similarity: Tensor, one_hot: Tensor, neighbours: int) -> Tensor:
    """Return how many of the nearest rows are of each class [Q, M]; similarities [Q, R] break
    ties."""
    values, nearest = similarity.topk(neighbours, dim=1)
    return (one_hot[nearest] * (1 + 1e-3 * values[..., None])).sum(1)


def forward_seconds(encoder: VisualEncoder, repeats: int = 9) -> float:
    """Return the median time of one upload's forward pass (K frames of 256 x 448)."""
    frames = np.zeros((1, encoder.num_frames, 448, 256, 3), np.uint8)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        encoder.encode(frames)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _batches(item_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(item_ids), BATCH):
        yield item_ids[start : start + BATCH]


def _decoded(data: Path, item_ids: Sequence[str], num_frames: int) -> list[SampledFrames]:
    with ThreadPoolExecutor(2) as pool:
        return list(
            pool.map(
                lambda item: sample_frames(clip_path(data, item), num_frames=num_frames), item_ids
            )
        )


def _ridge(index: Tensor, one_hot: Tensor, queries: Tensor) -> Tensor:
    mean = index.mean(0)
    centred = index - mean
    gram = centred.T @ centred
    weights = torch.linalg.solve(
        gram + RIDGE * gram.diagonal().mean() * torch.eye(len(gram)), centred.T @ one_hot
    )
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
