"""Making the encoder: gradings, crops, targets and the training step."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from torch.nn import functional

from mealrec.features.pretraining import evaluate
from mealrec.features.pretraining.augment import MILD, STRONG, Grading, blur_some, crop, grade, random_crops
from mealrec.features.pretraining.distil import DistilConfig, Distillation, distillation_losses, new_student, prime
from mealrec.features.pretraining.pool import FramePool, clips_checksum, split_clips
from mealrec.features.pretraining.teacher import emphasise, rotation_towards, smooth
from mealrec.features.video import tube_tokens
from tests.features.conftest import TINY

UNCHANGED = Grading(hue_turn=0.0, saturation=(1, 1), contrast=(1, 1), gamma=(1, 1))


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def pixels(generator) -> torch.Tensor:
    return torch.rand(6, 3, 24, 24, generator=generator)


def test_a_grading_of_nothing_changes_nothing(pixels, generator):
    assert torch.allclose(grade(pixels, UNCHANGED, generator), pixels, atol=2e-4)


@pytest.mark.parametrize("grading", [MILD, STRONG])
def test_gradings_stay_in_range_and_repeat_with_the_seed(pixels, grading):
    once, twice = (grade(pixels, grading, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(once, twice)
    assert once.min() >= 0 and once.max() <= 1 and not torch.allclose(once, pixels, atol=1e-2)


def test_hues_turn_and_greys_stay(generator):
    turning = dataclasses.replace(UNCHANGED, hue_turn=0.5)
    grey = torch.full((8, 3, 2, 2), 0.4)
    assert torch.allclose(grade(grey, turning, generator), grey, atol=1e-5)
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(8, 3, 2, 2)
    assert grade(red, turning, generator)[:, 0].std() > 0.1


def test_lost_saturation_is_grey(pixels, generator):
    graded = grade(pixels, dataclasses.replace(UNCHANGED, grey=1.0), generator)
    assert torch.allclose(graded[:, 0], graded[:, 2], atol=1e-5)


def test_picture_and_map_are_cropped_alike(generator):
    ramp = torch.linspace(0, 1, 48).expand(5, 1, 48, 48)
    crops = random_crops(5, generator)
    picture = crop(ramp, crops, 24)
    coarse = crop(functional.avg_pool2d(ramp, 8), crops, 6)
    assert torch.allclose(functional.avg_pool2d(picture, 4), coarse, atol=0.1)


def test_the_whole_frame_is_a_crop_too(pixels):
    whole = torch.eye(2, 3).expand(len(pixels), 2, 3)
    assert torch.allclose(crop(pixels, whole, 24), pixels, atol=1e-5)


def test_only_some_frames_are_blurred(pixels, generator):
    assert torch.equal(blur_some(pixels, generator, share=0.0), pixels)
    assert blur_some(pixels, generator, share=1.0).std() < pixels.std()


def test_emphasis_centres_and_stretches_the_first_axes(generator):
    maps = torch.randn(40, 12, 3, 3, generator=generator) * torch.logspace(0, -1, 12)[:, None, None]
    stretched = emphasise(maps, 8)
    frames, before = stretched.mean((2, 3)), maps.mean((2, 3))
    assert stretched.shape == (40, 8, 3, 3)
    assert torch.allclose(frames.mean(0), torch.zeros(8), atol=1e-5)
    assert frames.norm(dim=1).mean() == pytest.approx(1.0)
    deviations = torch.linalg.svdvals(before - before.mean(0))
    assert torch.allclose(frames.norm(dim=0) / frames[:, 0].norm(), (deviations[:8] / deviations[0]) ** 1.5, atol=1e-4)


def test_few_frames_leave_the_last_axes_empty(generator):
    assert emphasise(torch.randn(4, 12, 3, 3, generator=generator), 8)[:, 3:].abs().max() == 0


def test_smoothing_draws_neighbours_together(generator):
    centres = functional.one_hot(torch.arange(4).repeat_interleave(10), 4).float()
    noisy = centres + 0.3 * torch.randn(40, 4, generator=generator)
    before, after = (functional.cosine_similarity(rows, centres).mean() for rows in (noisy, smooth(noisy)))
    assert after > before and torch.allclose(smooth(noisy).norm(dim=1), torch.ones(40))


def test_rotation_finds_a_turned_space(generator):
    targets = torch.randn(50, 6, generator=generator)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=generator)).Q
    found = rotation_towards(targets, 3 * targets @ turn)
    assert torch.allclose(found @ found.T, torch.eye(6), atol=1e-5)
    assert functional.cosine_similarity(targets @ found, targets @ turn).min() > 0.95


def test_losses_vanish_where_the_student_is_the_teacher(generator):
    places = torch.randn(4, 9, 6, generator=generator)
    bank = functional.normalize(places.mean(1), dim=1)
    losses = distillation_losses(5 * places, places, bank, bank, 0.1)
    assert set(losses) == {"place", "frame", "relation"}
    assert all(loss.abs() < 1e-5 for loss in losses.values())
    assert all(loss > 0.1 for loss in distillation_losses(-places, places, bank, bank, 0.1).values())


def test_a_new_student_repeats_with_its_seed():
    first, second, third = (new_student(TINY, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def test_a_primed_student_sees_no_colour_and_starts_centred(generator):
    student, pixels = new_student(TINY, seed=1), torch.randn(4, 5, 3, 32, 32, generator=generator)
    prime(student, pixels)
    with torch.no_grad():
        tokens = tube_tokens(student, pixels)
        turned = tube_tokens(student, pixels.roll(1, dims=2))
    assert tokens.mean((0, 1, 2)).abs().max() < 1e-5
    assert torch.allclose(tokens, turned, atol=1e-4)


def distillation(steps: int) -> Distillation:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (6, 6, 48, 48, 3), np.uint8)
    targets = torch.from_numpy(rng.normal(size=(6, 6, 64, 2, 2)).astype(np.float32))
    config = DistilConfig(steps=steps, clips_per_batch=4, learning_rate=2e-3, warmup=0.1)
    return Distillation(new_student(TINY, seed=0), frames, targets, config)


def test_training_lowers_the_losses_and_repeats_to_the_bit():
    first, second = distillation(30), distillation(30)
    states = list(first.steps())
    list(second.steps())
    assert len(states) == 30 and states[-1].progress == 1
    start, end = (np.mean([state.losses["frame"] for state in part]) for part in (states[:5], states[-5:]))
    assert end < start
    for a, b in zip(first.average.parameters(), second.average.parameters(), strict=True):
        assert torch.equal(a, b)


def test_half_the_rows_are_one_clip_in_order():
    clips, moments = distillation(1)._choose()
    assert clips.shape == moments.shape == (4, 5)
    assert (clips[:2] == clips[:2, :1]).all() and not (clips[2:] == clips[2:, :1]).all()
    assert (moments.diff(dim=1) > 0).all()


def test_the_clock_ends_a_run_without_steps():
    trainer = distillation(1)
    trainer.config = dataclasses.replace(trainer.config, steps=None, minutes=0.01)
    assert list(trainer.steps())[-1].progress == 1


def test_split_and_checksum(catalogue):
    (catalogue / "held_out.txt").write_text("8\n99\n")
    assert split_clips(catalogue) == (["7", "9"], ["8"])
    before = clips_checksum(catalogue, ["7", "9"])
    assert before == clips_checksum(catalogue, ["7", "9"]) != clips_checksum(catalogue, ["9", "7"])


def test_measures_of_perfect_and_of_meaningless_features():
    rng = np.random.default_rng(0)
    motifs = rng.integers(0, 5, (30, 5))
    names, held_out = np.array(list("abcde"))[motifs], np.arange(30) >= 24
    perfect = np.eye(5, dtype=np.float32)[motifs] + rng.normal(0, 0.01, (30, 5, 5)).astype(np.float32)
    noise = rng.normal(size=(30, 5, 16)).astype(np.float32)
    good, bad = evaluate.measure(perfect, names, held_out), evaluate.measure(noise, names, held_out)
    assert good["knn5"] == good["probe"] == 1.0 and good["precision10"] >= good["chance10"]
    assert bad["knn5"] < 0.6 and abs(bad["precision10"] - bad["chance10"]) < 0.2


def test_the_motif_on_screen_is_read_from_the_truth(tmp_path):
    shots = [{"motif": m, "start_s": s, "duration_s": 2.0} for m, s in (("reef", 0.0), ("piano", 2.0), ("reef", 4.0))]
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "clips.json").write_text(json.dumps({"1": {"shots": shots}}))
    pool = FramePool(("1",), np.zeros((1, 3, 2, 2, 3), np.uint8), np.array([[0.5, 2.5, 5.0]]))
    assert evaluate.frame_motifs(tmp_path, pool).tolist() == [["reef", "piano", "reef"]]
