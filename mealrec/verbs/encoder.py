"""`python -m mealrec encoder`: make the bundled frame encoder, or measure one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mealrec.data.clips import CLIP_FOLDER, read_held_out
from mealrec.errors import DataFormatError
from mealrec.evaluation.encoder_quality import encode_clips, forward_seconds, measure, seen_along
from mealrec.evaluation.planted import read_truth
from mealrec.features.encoder import open_encoder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--convert",
        type=Path,
        metavar="DIR",
        help="write EfficientNet-Lite0 there, from the packages that publish it",
    )
    action.add_argument(
        "--evaluate",
        metavar="ENCODER",
        help="measure an encoder's directory or hub id on the drawn clips",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("assets/sample"),
        help="the sample catalogue, for --evaluate",
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--seed", type=int, default=0, help="of the random colours")


def run(arguments: argparse.Namespace) -> int:
    """Convert, or print what was measured as JSON."""
    if arguments.convert:
        from mealrec.features.conversion import convert

        convert(arguments.convert)
    else:
        print(
            json.dumps(
                evaluate(arguments.evaluate, arguments.data, arguments.device, arguments.seed),
                indent=1,
            )
        )
    return 0


def evaluate(encoder_name: str, data: Path, device: str = "auto", seed: int = 0) -> dict:
    """Return motif accuracies on held-out clips, as they are and graded at random, and the forward
    time.

    Raises DataFormatError where `data` has no held-out clips or no truth.
    """
    ids = sorted(path.stem for path in (data / CLIP_FOLDER).glob("*.mp4"))
    held_out = np.isin(ids, sorted(read_held_out(data)))
    if not held_out.any() or held_out.all():
        raise DataFormatError(
            f"{data} holds no clips of both kinds (held_out.txt): name the sample catalogue."
        )
    truth = _truth(data, ids)
    encoder = open_encoder(encoder_name, device)
    clean, times_s = encode_clips(encoder, data, ids)
    graded = clean.clone()  # the catalogue stays as it is; what is asked for has other colours
    colours, asked = torch.Generator().manual_seed(seed), np.array(ids)[held_out].tolist()
    graded[torch.from_numpy(held_out)], _ = encode_clips(encoder, data, asked, colours)
    motifs = np.array(
        [truth.motifs_at(item, times) for item, times in zip(ids, times_s, strict=True)]
    )
    clean, graded = seen_along(
        encoder, clean[torch.from_numpy(~held_out)].flatten(0, 1), clean, graded
    )
    return {
        "encoder": encoder.name,
        "clips": {"trained": int((~held_out).sum()), "held_out": int(held_out.sum())},
        "clean": measure(clean, motifs, held_out),
        "graded": measure(graded, motifs, held_out),
        "forward_s": forward_seconds(encoder),
        "threads": torch.get_num_threads(),
    }


def _truth(data: Path, item_ids: list[str]):
    try:
        truth = read_truth(data)
    except (OSError, ValueError, KeyError) as error:
        raise DataFormatError(
            f"{data}/truth does not tell the shots of every clip: name the sample catalogue."
        ) from error
    if missing := [item for item in item_ids if item not in truth.shots]:
        raise DataFormatError(
            f"{data}/truth does not tell the shots of clip {missing[0]}: name the sample catalogue."
        )
    return truth
