"""`python -m mealrec bundle --refit`: models of all clicks, and the words that say so wherever the bundle is shown."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
import torch

from app.views import about
from mealrec.__main__ import main
from mealrec.bundle.card import model_card, of_all_clicks
from mealrec.bundle.disk import read_bundle
from mealrec.bundle.manifest import read_manifest
from mealrec.data.catalogue import read_catalogue
from mealrec.data.interactions import whole_histories
from mealrec.models.config import LossConfig
from mealrec.training.config import TrainConfig
from mealrec.training.refit import Refit
from tests.recommender.tiny_bundle import VARIANTS, tiny_contents
from tests.verbs import test_recommend_and_bundle as test_commands
from tests.verbs.test_recommend_and_bundle import bundle_arguments

run_folder = test_commands.run_folder
CLICKS = 11
SENTENCE = (
    f"The models here were fitted again on every viewer's latest clicks, {CLICKS} clicks in all, those that validate "
    "and test included; any figures are of the run that was tested, which had not learned from these."
)


@pytest.fixture
def trained_folder(run_folder):
    """The run with all that training says of itself."""
    told = asdict(TrainConfig(max_epochs=4, loss=LossConfig())) | {"epoch": 2, "seconds": 1.5}
    for folder in (run_folder / "run" / "seed-0").iterdir():
        (folder / "training.json").write_text(json.dumps(told))
    return run_folder


def test_every_system_is_fitted_on_all_clicks_and_the_manifest_says_so(trained_folder, capsys):
    assert main([*bundle_arguments(trained_folder), "--refit"]) == 0
    printed = capsys.readouterr().out
    assert all(f"{name}: fitted on {CLICKS} clicks in " in printed for name in VARIANTS)
    made, tiny = trained_folder / "checkpoints" / "made", tiny_contents()
    contents = read_bundle(made)
    catalogue = read_catalogue(trained_folder / "data")
    assert sum(map(len, whole_histories(catalogue))) == CLICKS
    assert contents.training["refit"] is True and contents.training["clicks"] == CLICKS
    assert contents.training["systems"]["full"] == {"epoch": 2, "seconds": 1.5}
    assert contents.metrics["test"] == {"full": {"H@10": 0.25}}  # of the run that was tested
    again = Refit(catalogue, contents.features)
    for name, (config, weights) in contents.models.items():
        assert config == tiny.models[name][0]
        expected = again.system(trained_folder / "run" / "seed-0" / name).state_dict()
        assert all(torch.equal(weights[key], tensor) for key, tensor in expected.items())
    assert not torch.equal(contents.models["full"][1]["table.bias"], tiny.models["full"][1]["table.bias"])


def test_the_page_and_the_card_say_it_in_one_sentence(trained_folder):
    for options, said in ((["--refit"], True), ([], False)):
        assert main([*bundle_arguments(trained_folder), *options]) == 0
        manifest = read_manifest(trained_folder / "checkpoints" / "made")
        facts = list(about._facts(manifest))
        assert (("fitted on", SENTENCE) in facts) == said == (SENTENCE in model_card("a/b", manifest))
        assert not {"training: refit", "training: clicks"} & {name for name, _ in facts}
        assert ("refit" in manifest["training"]) == said
    assert of_all_clicks({"refit": True}).startswith(
        "The models here were fitted again on every viewer's latest clicks,"
    )


def test_what_was_fitted_on_its_test_clicks_is_not_measured_by_them(trained_folder, capsys):
    assert main([*bundle_arguments(trained_folder), "--refit"]) == 0
    made = str(trained_folder / "checkpoints" / "made")
    assert main(["evaluate", "--bundle", made, "--data", str(trained_folder / "data")]) == 2
    assert "made was fitted on all clicks, those that test it included: evaluate the run" in capsys.readouterr().err


def test_a_run_that_does_not_say_how_it_was_trained_is_refused(run_folder, capsys):
    assert main([*bundle_arguments(run_folder), "--refit"]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert message.startswith("mealrec bundle: ") and "training.json does not say how full was trained" in message
    assert not (run_folder / "checkpoints").exists()
