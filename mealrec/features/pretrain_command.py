"""`python -m mealrec pretrain-encoder`: distil the bundled encoder, or measure it."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from mealrec.errors import DataFormatError
from mealrec.features.pretraining.distil import (
    DistilConfig,
    Distillation,
    StudentConfig,
    TrainState,
    new_student,
    prime,
)
from mealrec.features.pretraining.evaluate import encode_clips, forward_seconds, frame_motifs, measure
from mealrec.features.pretraining.pool import FramePool, clips_checksum, split_clips
from mealrec.features.pretraining.teacher import rotation_towards, teach
from mealrec.features.video import PREPROCESSOR_FILE, Preprocessing, VideoEncoder
from mealrec.features.weights import weights_checksum

CARD = "card.json"
POOL_FRAMES = 6
PRIMING_CLIPS = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options."""
    parser.add_argument("--data", type=Path, default=Path("assets/sample"), help="folder with clips/ and held_out.txt")
    parser.add_argument("--out", type=Path, default=Path("checkpoints/encoder"), help="encoder directory to write")
    parser.add_argument("--minutes", type=float, default=20.0, help="training time (the schedule follows the clock)")
    parser.add_argument("--steps", type=int, help="training steps, instead of --minutes: repeatable to the bit")
    parser.add_argument("--init", type=Path, help="encoder directory to start from, instead of random weights")
    parser.add_argument("--learning-rate", type=float, default=DistilConfig.learning_rate)
    parser.add_argument("--cache", type=Path, default=Path("runs/encoder-cache"), help="decoded frames, targets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--evaluate-only", action="store_true", help="measure --out on the held-out clips; no training")


def run(arguments: argparse.Namespace) -> int:
    """Pretrain and measure, or measure alone."""
    if not arguments.evaluate_only:
        _pretrain(arguments)
    numbers = evaluate(arguments.data, arguments.out, arguments.seed)
    print(json.dumps(numbers, indent=1))
    card = json.loads((arguments.out / CARD).read_text()) if (arguments.out / CARD).is_file() else {}
    _write_json(arguments.out / CARD, {**card, "measured": numbers})
    return 0


def evaluate(data: Path, encoder_path: Path, seed: int) -> dict:
    """Return motif accuracies on held-out clips, as they are and graded at random, and the forward time."""
    encoder = VideoEncoder.from_pretrained(encoder_path)
    trained, held_out = split_clips(data)
    if not held_out:
        raise DataFormatError(f"{data} has no held_out.txt: there is nothing to measure on.")
    pool = FramePool.read(data, trained + held_out, encoder.num_frames, interval_s=1.0)
    motifs, asked = frame_motifs(data, pool), np.isin(pool.item_ids, held_out)
    generator = torch.Generator().manual_seed(seed)
    return {
        "clips": {"trained": len(trained), "held_out": len(held_out)},
        "clean": measure(encode_clips(encoder, pool.frames), motifs, asked),
        "graded": measure(encode_clips(encoder, pool.frames, generator), motifs, asked),
        "forward_s": forward_seconds(encoder),
        "threads": torch.get_num_threads(),
    }


def _pretrain(arguments: argparse.Namespace) -> None:
    trained, _ = split_clips(arguments.data)
    checksum = clips_checksum(arguments.data, trained)
    config = DistilConfig(
        minutes=arguments.minutes,
        steps=arguments.steps,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
    )
    student_config = StudentConfig()
    frames, targets = _frames_and_targets(arguments, trained, checksum, student_config.width)
    student, targets = _student(arguments, student_config, frames, targets)
    distillation = Distillation(student, frames, targets, config)
    with tqdm(total=100, unit="%", desc="distilling", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}") as bar:
        for state in distillation.steps():
            bar.update(100 * state.progress - bar.n)
            bar.set_postfix(step=state.train_step, **state.losses, refresh=False)
    _save(distillation, arguments.out)
    _write_json(arguments.out / CARD, _card(arguments, config, student_config, state, checksum, len(trained)))


def _frames_and_targets(
    arguments: argparse.Namespace, item_ids: list[str], checksum: str, width: int
) -> tuple[np.ndarray, torch.Tensor]:
    """Return frames [C, J, S, S, 3] and target maps [C, J, width, h, w], made once and kept in the cache."""
    path = arguments.cache / f"{checksum[:16]}-{POOL_FRAMES}x{width}.npz"
    if not path.is_file():
        pool = FramePool.read(arguments.data, item_ids, POOL_FRAMES, interval_s=np.inf)
        generator = torch.Generator().manual_seed(arguments.seed)
        targets = teach(pool.frames.reshape(-1, *pool.frames.shape[2:]), width, generator)
        arguments.cache.mkdir(parents=True, exist_ok=True)
        np.savez(path, frames=pool.frames, targets=targets.unflatten(0, pool.frames.shape[:2]).half().numpy())
    with np.load(path) as arrays:
        return arrays["frames"], torch.from_numpy(arrays["targets"]).float()


def _student(
    arguments: argparse.Namespace, config: StudentConfig, frames: np.ndarray, targets: torch.Tensor
) -> tuple[torch.nn.Module, torch.Tensor]:
    """Return the student to train and the target maps [C, J, V, h, w] turned to where it stands."""
    if arguments.init is None:
        student, preprocessing = new_student(config, arguments.seed), Preprocessing(config.image_size)
        sample = torch.from_numpy(frames[:: max(1, len(frames) // PRIMING_CLIPS), : config.num_frames])
        pixels = preprocessing.normalise(preprocessing.resize(sample.flatten(0, 1)))
        prime(student, pixels.unflatten(0, sample.shape[:2]))
        return student, targets
    encoder = VideoEncoder.from_pretrained(arguments.init, "cpu")
    features = torch.from_numpy(encode_clips(encoder, frames[:, : encoder.num_frames]))
    wanted = targets[:, : encoder.num_frames].mean((3, 4))
    turn = rotation_towards(wanted.flatten(0, 1), features.flatten(0, 1))
    return encoder.model, torch.einsum("cjvhw,vu->cjuhw", targets, turn)


def _save(distillation: Distillation, path: Path) -> None:
    """Write weights (half precision), config and preprocessing as transformers reads them."""
    model, preprocessing = distillation.average.module.half(), distillation.preprocessing
    model.save_pretrained(path)
    side = preprocessing.image_size
    _write_json(
        path / PREPROCESSOR_FILE,
        {
            "image_processor_type": "VideoMAEImageProcessor",
            "do_resize": True,
            "size": {"height": side, "width": side},
            "do_center_crop": False,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": preprocessing.mean,
            "image_std": preprocessing.std,
        },
    )


def _card(
    arguments: argparse.Namespace,
    config: DistilConfig,
    student: StudentConfig,
    state: TrainState,
    checksum: str,
    clips: int,
) -> dict:
    budget = f"--steps {config.steps}" if config.steps else f"--minutes {config.minutes:g}"
    command = f"python -m mealrec pretrain-encoder --data {arguments.data} --out {arguments.out} {budget}"
    command += f" --seed {config.seed} --learning-rate {config.learning_rate:g}"
    stages = []
    if arguments.init is not None:
        command += f" --init {arguments.init}"
        stages = json.loads((arguments.init / CARD).read_text())["stages"]
    stage = {
        "command": command,
        "init_sha256": weights_checksum(str(arguments.init)) if arguments.init else None,
        "clips": clips,
        "clips_sha256": checksum,
        "train_steps": state.train_step,
        "minutes": round(state.seconds / 60, 1),
        "final_losses": {name: round(loss, 4) for name, loss in state.losses.items()},
        "config": asdict(config),
    }
    return {
        "what": "A small VideoMAE distilled from EfficientNet-Lite0 (ImageNet) on colour-graded frames, without labels",
        "student": asdict(student),
        "stages": [*stages, stage],
    }


def _write_json(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n")
