"""Every table and figure on the tiny world, with settings that take a second or two."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest
import torch

from mealrec.features.noise import VisualSpread, noisy
from mealrec.ranking.metrics import ndcg
from mealrec.ranking.ranks import model_scorer, rank_rows
from mealrec.study import exhibits, results
from mealrec.study.exhibits import fig4, fig7, table3
from mealrec.study.exhibits.fig3 import ladder
from mealrec.study.exhibits.table3 import Cost, cost_of
from mealrec.study.harness import load, read_ranks
from mealrec.study.results import write

BRIEF = {
    "table1": {},
    "table2": {"systems": "popularity,itemknn,sasrec,sasrec-content,mealrec"},
    "table3": {"pairs": ("sasrec",), "rounds": 2, "epochs": 2},
    "fig3": {},
    "fig4": {"lambdas": [0.1, 0.9], "steps": [2, 3]},
    "fig5": {"sigmas": (0.0, 0.5)},
    "fig6": {"backbones": ["sasrec"]},
    "fig7": {"on": "sasrec", "viewers": 3},
}


@pytest.fixture(scope="module")
def exhibit(study, options):
    """Return an exhibit by its name, made once. Table 3 measures with a stand-in for the process."""
    known = {}

    def made(name: str):
        if name not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(table3, "cost_of", stand_in_costs())
                known[name] = exhibits.load(name).make(study, options(name, **BRIEF[name]))
        return known[name]

    return made


def stand_in_costs():
    """Return a stand-in for measuring: MealRec takes 1.2 times as long, and every turn a second more."""
    turns = []

    def cost(recipe, data, store, device, epochs):
        turns.append(recipe.name)
        factor = 1.2 if recipe.name == "mealrec" else 1.0
        return Cost((10 * factor, (10 + len(turns)) * factor), 5 * factor, 300 * factor, 30 * factor)

    return cost


def test_every_experiment_of_the_paper_is_found():
    assert exhibits.names() == tuple(sorted(BRIEF))


@pytest.mark.parametrize("name", sorted(BRIEF))
def test_an_exhibit_says_where_its_numbers_come_from(exhibit, study, tmp_path, monkeypatch, name):
    monkeypatch.setattr(results, "draw", lambda figure, path: "" if path.write_bytes(b"drawn") else "never")
    text = write(study, exhibit(name), tmp_path, name)
    assert (tmp_path / f"{name}.md").read_text() == text
    numbers = json.loads((tmp_path / f"{name}.json").read_text())
    assert {"command", "date", "hardware", "data", "features", "seeds"} <= set(numbers["made"])
    assert numbers["made"]["hardware"]["cpu"] in text and numbers["made"]["date"] in text
    seeds = "seeds: none, nothing is trained" if name == "table1" else "seeds: 0\n"
    assert "features: " in text and seeds in text and "200 users" in text.replace("| 200 |", "200 users")
    assert (f"![{exhibit(name).title}]({name}.png)" in text) == (tmp_path / f"{name}.png").exists()
    if exhibit(name).figure:
        json.dumps(exhibit(name).figure, allow_nan=False)


def test_a_picture_that_cannot_be_drawn_is_owned_up_to(exhibit, study, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "draw", lambda figure, path: "no Chromium or Chrome on PATH")
    text = write(study, exhibit("fig3"), tmp_path, "fig3")
    assert "(No picture: no Chromium or Chrome on PATH.)" in text and "](fig3.png)" not in text


def test_table_2_shows_what_the_ranks_on_disk_say(exhibit, study):
    job = study.job(study.recipe("sasrec-content", 0))
    expected = ndcg(read_ranks(job.folder).masked, 10).mean()
    numbers = exhibit("table2").numbers
    assert numbers["systems"]["sasrec-content"]["masked"]["N@10"]["mean"] == pytest.approx(expected)
    row = next(line for line in exhibit("table2").text.splitlines() if line.startswith("| sasrec-content |"))
    assert f"{expected:.4f}" in row
    assert "| mealrec, ranked by x_0 |" in exhibit("table2").text


def test_the_ablation_climbs_from_the_backbone_to_the_whole(exhibit):
    assert ladder("sasrec") == [
        "sasrec-content", "sasrec-guided", "mealrec-no-noise", "mealrec-no-tcd-npd", "mealrec-no-npd", "mealrec-no-tcd",
        "mealrec",
    ]  # fmt: skip
    assert set(ladder("sasrec")) <= set(exhibit("fig3").numbers["systems"])
    figure = exhibit("fig3").figure
    assert [bar["name"] for bar in figure["data"]] == [
        "backbone + content", "backbone + content + guidance", "without noise", "− TCD − NPD", "− NPD", "− TCD",
        "MealRec",
    ]  # fmt: skip
    mean = exhibit("fig3").numbers["systems"]["mealrec"]["unmasked"]["N@10"]["mean"]
    assert figure["data"][-1]["y"] == [pytest.approx(mean, abs=1e-6)]


def test_the_grid_has_a_cell_a_setting_and_trains_what_they_share_once(exhibit, study):
    numbers = exhibit("fig4").numbers
    cells = {(cell["module"], cell["lambda"], cell["T"]): cell for cell in numbers["cells"]}
    assert set(cells) == set(product(fig4.WEIGHTS, [0.1, 0.9], [2, 3])) and len(cells) == 8
    recipe = study.recipe("mealrec", 0, "walk.training.loss.lambda_npd=0.9", "walk.model.num_steps=3")
    assert recipe.walk.training.loss.lambda_npd == 0.9 and recipe.walk.model.num_steps == 3
    kept = read_ranks(study.job(recipe).folder)
    assert cells["NPD", 0.9, 3]["unmasked"]["N@10"] == pytest.approx(ndcg(kept.unmasked, 10).mean())
    assert f"| 0.9 | {cells['NPD', 0.9, 2]['unmasked']['N@10']:.4f} |" in exhibit("fig4").text
    assert exhibit("fig4").figure["data"][1]["z"][1][1] == cells["NPD", 0.9, 3]["unmasked"]["N@10"]


def with_noise(features, sigma, seed):
    return noisy(features, sigma, torch.Generator().manual_seed(seed), VisualSpread.of(features))


def test_noise_is_relative_repeatable_and_leaves_titles_alone(study):
    features = study.world.features
    calm, one, again, other = (with_noise(features, s, seed) for s, seed in ((0.0, 0), (0.5, 0), (0.5, 0), (0.5, 1)))
    assert torch.equal(calm.frames, features.frames) and torch.equal(one.text, features.text)
    assert torch.equal(one.frames, again.frames) and not torch.equal(one.frames, other.frames)
    for name in ("frames", "global_visual"):
        clean, moved = getattr(features, name)[features.has_visual], getattr(one, name)[features.has_visual]
        assert ((moved - clean).std() / clean.std()).item() == pytest.approx(0.5, rel=0.15)


def test_without_noise_the_trained_ranks_come_back(exhibit, study):
    rows = exhibit("fig5").numbers["systems"]
    kept = read_ranks(study.job(study.recipe("mealrec", 0)).folder)
    assert rows["mealrec"]["0.0"]["masked"]["N@10"]["mean"] == pytest.approx(ndcg(kept.masked, 10).mean())
    model = load(study.job(study.recipe("mealrec", 0)), study.world, "cpu")
    shaken = with_noise(study.world.features, 0.5, 0)
    ranks = rank_rows(model_scorer(model, shaken), study.world.split.test, study.world.candidates)
    assert rows["mealrec"]["0.5"]["masked"]["N@10"]["mean"] == pytest.approx(ndcg(ranks.masked, 10).mean())


def test_costs_are_medians_in_turns_and_their_ratios(exhibit):
    found = exhibit("table3").numbers["backbones"]["sasrec"]
    assert [len(turns) for turns in found["turns"].values()] == [2, 2]
    # turns 1 and 3 are the backbone's: epochs of 10, 11, 10, 13 s; 2 and 4 MealRec's: 1.2 times 10, 12, 10, 14
    assert found["medians"]["sasrec-guided"]["epoch_s"] == pytest.approx(10.5)
    assert found["medians"]["mealrec"]["epoch_s"] == pytest.approx(1.2 * 11)
    assert found["ratios"]["evaluation_s"] == pytest.approx(1.2)
    assert f"**{1.2 * 11 / 10.5:.2f}**" in exhibit("table3").text


def test_a_measurement_is_of_a_process_of_its_own(study):
    cost = cost_of(study.recipe("mealrec", 0), study.world.data, study.world.store, "cpu", epochs=2)
    assert len(cost.epochs_s) == 2 and min(cost.epochs_s) > 0 and cost.evaluation_s > 0
    assert cost.memory_mb > cost.added_mb > 0


def test_distances_are_those_of_the_first_user_by_hand(study):
    model = load(study.train([study.recipe("mealrec", 0)])[0], study.world, "cpu")
    rows, features = study.world.split.test, study.world.features
    others = fig7.strangers(rows, np.flatnonzero(study.world.candidates), seed=0)
    kinds = fig7.Kinds.of(model.walk_over_kinds, features, study.world.candidates)
    scorer = model_scorer(model, features)
    found = fig7.measure(scorer, kinds, rows, others)
    items, anybody = kinds.items.double().numpy(), kinds.anybody.double().numpy()
    scores = scorer(rows.histories[:1])[0].astype(float)
    chances = np.where(study.world.candidates & (np.arange(len(scores)) > 0), np.exp(scores - scores.max()), 0.0)
    preference = chances @ items / chances.sum() - anybody

    def apart(vector):
        return 1 - vector @ preference / np.linalg.norm(vector) / np.linalg.norm(preference)

    target, other = int(rows.targets[0]), int(others[0])
    assert found["target"][0] == pytest.approx(apart(items[target] - anybody), abs=1e-4)
    for key, item in (("liked", target), ("other", other)):
        frames = kinds.moments[item].double().numpy() - anybody
        assert found[key][0] == pytest.approx(np.mean([apart(frame) for frame in frames]), abs=1e-4)


def test_a_stranger_is_unknown_to_the_viewer_and_the_same_for_all_systems(study):
    rows, candidates = study.world.split.test, np.flatnonzero(study.world.candidates)
    others = fig7.strangers(rows, candidates, seed=0)
    assert not (rows.histories == others[:, None]).any() and not (rows.targets == others).any()
    assert np.isin(others, candidates).all()
    np.testing.assert_array_equal(others, fig7.strangers(rows, candidates, seed=0))


def test_the_map_has_every_mark_of_every_viewer(exhibit):
    data = exhibit("fig7").figure["data"]
    marks = {kind: sum(len(t["x"]) for t in data if t["name"] == kind) for kind in ("preference", "target", "frame")}
    assert marks == {"preference": 6, "target": 6, "frame": 18}
