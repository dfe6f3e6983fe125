"""What is chosen after training: the planted best is found, and what it is worth is what a ranking says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mealrec.data.interactions import EvaluationRows
from mealrec.ranking.metrics import both_ranks, ndcg
from mealrec.ranking.ranks import rank_rows
from mealrec.training import weights
from mealrec.training.weights import GRIDS, best_of, choose_weights
from mealrec.types import ItemFeatures
from tests.training.tiny_world import NUM_ITEMS, make_catalogue, make_features

ROWS, MANY = 60, 40
FEATURES = make_features(make_catalogue())
BEST = {"guidance": 3.0, "unseen": 1.5, "kinds": 1.2}


class Parts:
    """A blended model whose parts are given; the row of a history is its first item."""

    def __init__(self, **parts: torch.Tensor):
        self.given, self.names = parts, tuple(name for name in parts if name != "base")
        for name in self.names:
            setattr(self, name, torch.zeros(()))

    def eval(self):
        return self

    def items(self, features):
        return None

    def parts(self, histories, items):
        rows = histories[:, 0] - 1
        return {name: part[rows] if part.dim() == 2 else part for name, part in self.given.items()}

    def scores(self, histories: np.ndarray, chosen: dict[str, float]) -> np.ndarray:
        parts = self.parts(torch.from_numpy(histories), None)
        return (parts["base"] + sum(value * parts[name] for name, value in chosen.items())).numpy()


def planted() -> tuple[Parts, EvaluationRows]:
    """Return a model whose targets rank first where each weight lies close to BEST's, and else behind 20 others."""
    count, unclicked, clicked = 2 * len(BEST), list(range(7, 20)), list(range(20, 40))
    parts = {name: torch.zeros(count, MANY + 1) for name in ("base", "guidance", "kinds")}
    parts["unseen"] = torch.zeros(MANY + 1)
    parts["unseen"][unclicked] = 1.0
    for number, (name, best) in enumerate(BEST.items()):
        enough, too_much = parts["base"][2 * number], parts["base"][2 * number + 1]
        enough[clicked], too_much[MANY] = best - 0.2, best + 0.2
        enough[unclicked] = -9.0
        if name == "unseen":
            enough[unclicked[0]] = 0.0
            continue
        too_much[unclicked] = -9.0
        parts[name][2 * number, MANY] = 1.0
        parts[name][2 * number + 1, clicked] = 1.0
    targets = np.array([MANY, MANY, unclicked[0], MANY, MANY, MANY])
    return Parts(**parts), EvaluationRows(("a",) * count, 1 + np.arange(count)[:, None], targets)


def drawn(whole=False) -> tuple[Parts, EvaluationRows, np.ndarray]:
    """Return drawn parts, with ties where they are `whole`; rows; and which items may be ranked."""
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    parts = {name: torch.randn(ROWS, NUM_ITEMS + 1, generator=generator) for name in ("base", "guidance", "kinds")}
    parts["unseen"] = (torch.rand(NUM_ITEMS + 1, generator=generator) < 0.3).float()
    parts = {name: part.round() if whole else part for name, part in parts.items()}
    histories = rng.integers(0, NUM_ITEMS + 1, (ROWS, 4))
    histories[:, 0] = 1 + np.arange(ROWS) % NUM_ITEMS
    rows = EvaluationRows(("a",) * ROWS, histories, rng.integers(1, NUM_ITEMS + 1, ROWS))
    candidates = (np.arange(NUM_ITEMS + 1) > 0) & (rng.random(NUM_ITEMS + 1) < 0.9)
    parts["guidance"][:, ~candidates] = 100.0  # no weight may lift what is no candidate
    return Parts(**parts), rows, candidates


def ranking(candidates: np.ndarray) -> ItemFeatures:
    """Return features by which these items may be ranked."""
    return FEATURES.replace(has_id=torch.from_numpy(candidates))


def test_the_planted_best_is_found_and_set():
    model, rows = planted()
    found = choose_weights(model, rows, ranking(np.arange(MANY + 1) > 0))
    assert found == pytest.approx(BEST | {"validation_N@10": 1.0})
    assert {name: getattr(model, name).item() for name in BEST} == pytest.approx(BEST)


def worth(model, rows, candidates, chosen) -> tuple[float, float]:
    """Return the N@10 that a ranking by the chosen weights has, masked and unmasked."""
    found = rank_rows(lambda histories: model.scores(histories, chosen), rows, candidates)
    return ndcg(found.masked, 10).mean(), ndcg(found.unmasked, 10).mean()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("at_once", [7, 1024])
def test_the_best_is_that_of_the_ranking_masked_and_unmasked(monkeypatch, whole, at_once):
    monkeypatch.setattr(weights, "ROWS_AT_ONCE", at_once)
    model, rows, candidates = drawn(whole)
    grid = [
        {"guidance": guidance, "unseen": unseen, "kinds": kinds}
        for guidance in (0.0, 2.0)
        for unseen in (0.0, 1.0)
        for kinds in (0.0, 1.0)
    ]
    values = [worth(model, rows, candidates, chosen) for chosen in grid]
    for chosen, (masked, _) in zip(grid, values, strict=True):
        assert best_of(model, None, rows, torch.from_numpy(candidates), [chosen]) == (chosen, pytest.approx(masked))
    best = int(np.argmax([sum(each) for each in values]))
    found = best_of(model, None, rows, torch.from_numpy(candidates), grid)
    assert found == (grid[best], pytest.approx(values[best][0]))


def test_what_serves_both_rankings_goes_before_what_serves_one():
    """With guidance the target passes what was watched, but one other item passes it."""
    count, watched, target, other = 30, np.arange(1, 13), 20, 21
    base, guidance = torch.zeros(1, count), torch.zeros(1, count)
    base[0, watched], base[0, target] = 5.0, 1.0
    guidance[0, target], guidance[0, other] = 10.0, 12.0
    rows = EvaluationRows(("a",), watched[None], np.array([target]))
    grid = [{"guidance": 0.0}, {"guidance": 1.0}]
    found = best_of(Parts(base=base, guidance=guidance), None, rows, torch.from_numpy(np.arange(count) > 0), grid)
    assert found == ({"guidance": 1.0}, pytest.approx(1 / np.log2(3)))


@pytest.mark.parametrize("whole", [False, True])
def test_ranks_are_counted_of_tensors_as_of_arrays(whole):
    model, rows, candidates = drawn(whole)
    scores = model.given["base"][torch.from_numpy(rows.histories[:, 0]) - 1]
    scores = scores.masked_fill(torch.from_numpy(~candidates), -torch.inf)
    by_torch = both_ranks(scores, torch.from_numpy(rows.histories), torch.from_numpy(rows.targets))
    by_numpy = both_ranks(scores.numpy(), rows.histories, rows.targets)
    assert (rows.histories == rows.targets[:, None]).any()
    for one, other in zip(by_torch, by_numpy, strict=True):
        np.testing.assert_array_equal(one.numpy(), other)


def test_of_equals_the_first_is_taken_so_that_nothing_is_added_for_nothing():
    model, rows, candidates = drawn()
    model.given["kinds"].zero_()
    grid = [{"guidance": 0.0, "unseen": 0.0, "kinds": value} for value in GRIDS["kinds"]]
    assert best_of(model, None, rows, torch.from_numpy(candidates), grid)[0]["kinds"] == 0.0


def test_what_was_chosen_is_worth_what_is_told_and_no_other_place_for_the_unclicked_is_better():
    model, rows, candidates = drawn()
    found = choose_weights(model, rows, ranking(candidates))
    told = found.pop("validation_N@10")
    assert told == pytest.approx(worth(model, rows, candidates, found)[0])
    others = [sum(worth(model, rows, candidates, found | {"unseen": value})) for value in GRIDS["unseen"]]
    assert sum(worth(model, rows, candidates, found)) == pytest.approx(max(others))


def test_a_blend_without_a_walk_has_no_weight_for_one():
    model, rows, candidates = drawn()
    guided = Parts(**{name: part for name, part in model.given.items() if name != "kinds"})
    assert set(choose_weights(guided, rows, ranking(candidates))) == {"guidance", "unseen", "validation_N@10"}
