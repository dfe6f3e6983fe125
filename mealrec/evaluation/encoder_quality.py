"""Measure whether a frame's feature finds frames of the same motif, whatever its colours.

It reads the planted truth. Letters as in the models; P counts the motifs, C the clips, V' a
feature's width as it is stored.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F
from tqdm import tqdm

from mealrec.data.catalogue import clip_ids, clip_path, read_catalogue
from mealrec.errors import DataFormatError
from mealrec.evaluation.planted import PlantedTruth, read_truth, shared_motif_precision
from mealrec.features.encoder import open_encoder
from mealrec.features.tensors import visual_axes
from mealrec.features.visual import VisualEncoder
from mealrec.video.frames import SampledFrames, sample_frames

NEIGHBOURS = 5
RETRIEVED = 10
RIDGE = 1e-2
BATCH = 4
TIMED = 9  # forward passes, of which the median counts
UPLOAD = (448, 256)

# How far another camera and another taste may move a frame's colours.
SATURATION = (0.5, 1.5)
CONTRAST = (0.8, 1.2)
GAMMA = (0.7, 1.4)
LUMA = (0.299, 0.587, 0.114)


def encoder_report(encoder_name: str, data: Path, device: str = "auto", seed: int = 0) -> dict:
    """Measure an encoder on a drawn catalogue, and its forward time.

    Motif accuracies are on held-out clips, as they are and graded at random. Raises DataFormatError
    where `data` has no held-out clips or no truth.
    """
    ids = sorted(clip_ids(data))
    held_out = np.isin(ids, sorted(read_catalogue(data, needs_clicks=False).held_out))
    if not held_out.any() or held_out.all():
        raise DataFormatError(
            f"{data} holds no clips of both kinds (held_out.txt): name the sample catalogue."
        )
    truth = _truth(data, ids)
    encoder = open_encoder(encoder_name, device)
    is_asked = torch.from_numpy(held_out)

    # The catalogue stays as it is; what is asked for has other colours.
    clean, times_s = encode_clips(encoder, data, ids)
    colours = torch.Generator().manual_seed(seed)
    other_colours = clean.clone()
    asked = np.array(ids)[held_out].tolist()
    other_colours[is_asked], _ = encode_clips(encoder, data, asked, colours)

    # See features as a model does, along axes that training's frames span.
    training = clean[~is_asked].flatten(0, 1)
    clean, other_colours = seen_along(encoder, training, clean, other_colours)
    motifs = [truth.motifs_at(item, times) for item, times in zip(ids, times_s, strict=True)]
    motifs = np.array(motifs)
    return {
        "encoder": encoder.name,
        "clips": {"trained": int((~held_out).sum()), "held_out": int(held_out.sum())},
        "clean": measure(clean, motifs, held_out),
        "graded": measure(other_colours, motifs, held_out),
        "forward_s": forward_seconds(encoder),
        "threads": torch.get_num_threads(),
    }


def _truth(data: Path, item_ids: list[str]) -> PlantedTruth:
    # Another catalogue has no truth, or not that of these clips.
    told = f"{data}/truth does not tell the shots of"
    try:
        truth = read_truth(data)
    except (OSError, ValueError, KeyError) as error:
        raise DataFormatError(f"{told} every clip: name the sample catalogue.") from error
    missing = [item for item in item_ids if item not in truth.shots]
    if missing:
        raise DataFormatError(f"{told} clip {missing[0]}: name the sample catalogue.")
    return truth


def encode_clips(
    encoder: VisualEncoder, data: Path, item_ids: Sequence[str], colours: Generator | None = None
) -> tuple[Tensor, np.ndarray]:
    """Decode and encode clips of a catalogue folder.

    With `colours` each frame is graded at random first. Returns (features [C, K, V'], times_s
    [C, K] of the frames).
    """
    features = []
    times_s = []
    for start in tqdm(range(0, len(item_ids), BATCH), unit="batch", desc="encoding"):
        # Decode a few clips at a time, change their colours if asked, encode.
        sampled = _decoded(data, item_ids[start : start + BATCH], encoder.num_frames)
        frames = [clip.frames for clip in sampled]
        if colours is not None:
            frames = [graded(torch.tensor(clip), colours).numpy() for clip in frames]
        found, _ = encoder.encode(frames)
        features.append(found)
        times_s.extend(clip.times_s for clip in sampled)
    return torch.from_numpy(np.concatenate(features)), np.stack(times_s)


def _decoded(data: Path, item_ids: Sequence[str], num_frames: int) -> list[SampledFrames]:
    def sampled(item_id: str) -> SampledFrames:
        return sample_frames(clip_path(data, item_id), num_frames=num_frames)

    # Each decodes in a process of its own: a thread only waits for it.
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(sampled, item_ids))


def graded(frames: Tensor, generator: Generator) -> Tensor:
    """Return frames [M, height, width, 3] uint8, each graded on its own at random.

    Its hues are turned by any angle about the grey axis; saturation, contrast and gamma are moved.
    """
    count = len(frames)

    def drawn(low: float, high: float) -> Tensor:
        return (low + (high - low) * torch.rand(count, generator=generator))[:, None, None]

    angle = drawn(0, 2 * math.pi)
    saturation = drawn(*SATURATION)
    contrast = drawn(*CONTRAST)
    gamma = drawn(*GAMMA)

    # Turn about the grey axis (Rodrigues), then mix with grey.
    cos = angle.cos()
    sin = angle.sin()
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turn = cos * torch.eye(3) + sin * across + (1 - cos) / 3
    grey = torch.tensor(LUMA).expand(3, 3)
    matrix = (grey + saturation * (torch.eye(3) - grey)) @ turn
    pixels = torch.einsum("mij,mhwj->mhwi", matrix, frames.float() / 255)

    # Contrast about the middle, then gamma.
    pixels = (pixels - 0.5) * contrast[..., None] + 0.5
    pixels = pixels.clamp(1e-4, 1) ** gamma[..., None]
    return (pixels * 255).round().to(torch.uint8)


def seen_along(encoder: VisualEncoder, fitted_on: Tensor, *features: Tensor) -> list[Tensor]:
    """Return features [..., V'] as a model takes them [..., V].

    The normalisation is fitted on frames [M, V'].
    """
    axes = visual_axes(fitted_on, encoder.temperature is not None)
    return [(rows - fitted_on.mean(0)) @ axes for rows in features]


def measure(features: Tensor, motifs: np.ndarray, held_out: np.ndarray) -> dict[str, float]:
    """Measure features [C, K, V] on the held-out clips ([C] bool) against all motifs [C, K].

    Returns `knn5`: share of held-out frames whose 5 nearest training frames (cosine) vote for their
    motif; `probe`: the same of a ridge classifier fitted on training frames; `precision10`: share
    of a held-out clip's 10 nearest clips (mean features) that share a motif with it; `chance10`:
    the same of any clip.
    """
    # Motifs as numbers, frames as unit vectors.
    names, labels = np.unique(motifs, return_inverse=True)
    labels = torch.from_numpy(labels.reshape(motifs.shape))
    frames = F.normalize(features, dim=-1)

    # Training frames are looked up; frames of held-out clips ask.
    is_asked = torch.from_numpy(held_out)
    index = frames[~is_asked].flatten(0, 1)
    one_hot = F.one_hot(labels[~is_asked].flatten(), len(names)).float()
    queries = frames[is_asked].flatten(0, 1)
    answers = labels[is_asked].flatten()
    by_votes = votes(queries @ index.T, one_hot, NEIGHBOURS)
    by_probe = _ridge(index, one_hot, queries)

    # Whole clips, by their mean features; all the others are as near as chance.
    clips = features.mean(1).numpy()
    shown = [set(row) for row in motifs]
    asked = np.flatnonzero(held_out)
    others = len(clips) - 1
    nearest = min(RETRIEVED, others)
    return {
        "knn5": _accuracy(by_votes, answers),
        "probe": _accuracy(by_probe, answers),
        "precision10": shared_motif_precision(clips, asked, shown, nearest),
        "chance10": shared_motif_precision(clips, asked, shown, others),
    }


def votes(similarity: Tensor, one_hot: Tensor, neighbours: int) -> Tensor:
    """Return how many of the nearest rows are of each motif [M, P].

    Similarities [M, R] break ties.
    """
    values, nearest = similarity.topk(neighbours, dim=1)
    return (one_hot[nearest] * (1 + 1e-3 * values[..., None])).sum(1)


def _ridge(index: Tensor, one_hot: Tensor, queries: Tensor) -> Tensor:
    """Return the scores [M, P] of a ridge classifier fitted on rows [R, V] of motifs [R, P]."""
    # The penalty grows with the features, so that their scale does not matter.
    mean = index.mean(0)
    centred = index - mean
    gram = centred.T @ centred
    penalty = RIDGE * gram.diagonal().mean() * torch.eye(len(gram))
    weights = torch.linalg.solve(gram + penalty, centred.T @ one_hot)
    return (queries - mean) @ weights


def _accuracy(scores: Tensor, labels: Tensor) -> float:
    return (scores.argmax(1) == labels).float().mean().item()


def forward_seconds(encoder: VisualEncoder) -> float:
    """Return the median time in seconds of one upload's forward pass (K frames of 256 x 448)."""
    frames = np.zeros((1, encoder.num_frames, *UPLOAD, 3), np.uint8)
    times = []
    for _ in range(TIMED):
        start = time.perf_counter()
        encoder.encode(frames)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
