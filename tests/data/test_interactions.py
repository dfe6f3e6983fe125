"""Leave-one-out: who is tested on what, and that no answer stands in the question."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.data.batches import TrainingBatches, share
from mealrec.data.catalogue import Catalogue
from mealrec.data.interactions import leave_one_out, pad
from tests.training.tiny_world import HELD_OUT, make_catalogue


def catalogue_of(*histories, held_out=()):
    item_ids = tuple("abcdefghij")
    users = {f"u{number}": tuple(history) for number, history in enumerate(histories)}
    return Catalogue(item_ids, dict.fromkeys(item_ids, ""), {}, frozenset(held_out), users)


@pytest.fixture(scope="module")
def split():
    return leave_one_out(make_catalogue())


def every_part(split):
    return [split.validation, split.test, split.held_out_target, split.held_out_last]


def test_the_last_click_tests_the_one_before_validates_the_rest_trains():
    split = leave_one_out(catalogue_of("abcde"))
    assert split.train == ((1, 2, 3),)
    assert split.validation.histories[0, :4].tolist() == [1, 2, 3, 0] and split.validation.targets.tolist() == [4]
    assert split.test.histories[0, :5].tolist() == [1, 2, 3, 4, 0] and split.test.targets.tolist() == [5]


def test_no_target_stands_in_its_history(split):
    for rows in every_part(split):
        assert len(rows) and not (rows.histories == rows.targets[:, None]).any()


def test_a_rows_history_is_exactly_what_was_watched_before_its_target():
    catalogue = make_catalogue()
    split, index = leave_one_out(catalogue), catalogue.index
    for rows, behind in ((split.validation, 2), (split.test, 1)):
        for user, history, target in zip(rows.users, rows.histories, rows.targets, strict=True):
            watched = [index[item] for item in catalogue.histories[user]]
            before = [item for item in watched[:-behind] if item != index[HELD_OUT]]
            assert target == watched[-behind]
            assert history[history > 0].tolist() == before[-10:]


def test_training_targets_stand_before_validation_and_test():
    catalogue = make_catalogue()
    index = catalogue.index
    for watched in catalogue.histories.values():
        alone = Catalogue(catalogue.item_ids, catalogue.titles, {}, catalogue.held_out, {"u": watched})
        known = [index[item] for item in watched[:-2] if item != HELD_OUT]
        assert all(list(sequence) == known for sequence in leave_one_out(alone).train)


def test_held_out_items_are_never_in_training(split):
    held_out = make_catalogue().index[HELD_OUT]
    assert all(held_out not in sequence for sequence in split.train)
    for rows in (split.validation, split.test):
        assert held_out not in rows.histories and held_out not in rows.targets


def test_held_out_rows_hold_the_item_where_their_name_says(split):
    held_out = make_catalogue().index[HELD_OUT]
    target, last = split.held_out_target, split.held_out_last
    assert len(target) and (target.targets == held_out).all() and held_out not in target.histories
    lengths = (last.histories > 0).sum(1)
    assert len(last) and (last.histories[np.arange(len(last)), lengths - 1] == held_out).all()
    assert (lengths > 1).all() and held_out not in last.targets


def test_long_histories_keep_their_latest_items():
    split = leave_one_out(catalogue_of("abcdefghij" * 2), max_length=4)
    assert split.train == ((4, 5, 6, 7, 8),)
    assert split.test.histories.tolist() == [[6, 7, 8, 9]]


def test_users_too_short_for_a_part_are_left_out_of_it():
    split = leave_one_out(catalogue_of("ab", "abc", "a"))
    assert split.train == () and split.validation.users == ("u1",) and split.test.users == ("u0", "u1")


def test_an_empty_part_keeps_its_shape():
    assert leave_one_out(catalogue_of("abcde")).held_out_target.histories.shape == (0, 10)


def test_pick_keeps_rows_together(split):
    chosen = np.arange(len(split.test)) % 3 == 0
    picked = split.test.pick(chosen)
    assert len(picked) == chosen.sum() == len(picked.targets)
    assert picked.users[1] == split.test.users[3]


def test_pad_keeps_the_end_and_fills_on_the_right():
    assert pad([[1, 2, 3], [4], []], 2).tolist() == [[2, 3], [4, 0], [0, 0]]


def test_an_epoch_sees_every_user_once_in_the_generators_order():
    sequences = [(number, number + 1, number + 2) for number in range(1, 8)]
    batches = TrainingBatches(sequences, max_length=5, device="cpu")

    def firsts(seed):
        epoch = batches.epoch(3, torch.Generator().manual_seed(seed))
        return [item for batch in epoch for item in batch.items[:, 0].tolist()]

    assert sorted(firsts(0)) == list(range(1, 8))
    assert firsts(0) == firsts(0) != firsts(1)


def test_a_batchs_rows_are_its_targets_with_their_own_past():
    batch = next(TrainingBatches([(1, 2, 3)], 4, "cpu").epoch(1, torch.Generator()))
    users, positions = batch.rows
    assert batch.targets[users, positions].tolist() == [2, 3]
    assert batch.prefixes().tolist() == [[1, 0], [1, 2]]


@pytest.mark.parametrize("causal", [True, False])
def test_a_batch_is_as_long_as_its_longest_history(causal):
    batches = TrainingBatches([(1, 2), (3, 4, 5, 6), (7, 8)], 10, "cpu", causal)
    shapes = {batch.items.shape[1] for batch in batches.epoch(1, torch.Generator().manual_seed(0))}
    assert shapes == {1, 3}
    assert batches.steps(2) == 2


def test_without_causality_every_prefix_is_a_row_with_its_one_target():
    sequences = [(1, 2, 3, 4), (5, 6), (7, 8, 9)]
    by_user, by_prefix = (
        next(TrainingBatches(sequences, 4, "cpu", causal).epoch(3, torch.Generator().manual_seed(0)))
        for causal in (True, False)
    )
    assert torch.equal(by_prefix.prefixes(), by_user.prefixes())
    assert torch.equal(by_prefix.targets[by_prefix.rows], by_user.targets[by_user.rows])
    assert torch.equal(by_prefix.items, by_prefix.prefixes())
    assert ((by_prefix.targets > 0).sum(1) == 1).all()


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_the_weighted_mean_over_processes_is_the_mean_over_the_joint_batch(processes):
    batch = next(TrainingBatches([(1, 2, 3, 4), (5, 6), (7, 8, 9)], 4, "cpu").epoch(3, torch.Generator()))
    mean, seen = 0.0, []
    for process in range(processes):
        mine, weight = share(batch, process, processes)
        targets = mine.targets[mine.rows]
        mean += weight * targets.double().mean().item() / processes
        seen += mine.items[:, 0].tolist() if weight else []
    assert mean == pytest.approx(batch.targets[batch.rows].double().mean().item())
    assert sorted(seen) == [1, 5, 7]
