"""MoRec end to end: it begins as the two-stage form, trains the layers it is told to, and refuses what does not fit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mealrec.__main__ import main
from mealrec.baselines import base, morec, morec_end_to_end
from mealrec.baselines._content import in_batch_cross_entropy
from mealrec.data.interactions import leave_one_out
from mealrec.errors import DataFormatError, TrainingError
from mealrec.features.store import FeatureStore, StoreLayout
from mealrec.features.text import TextEncoder
from mealrec.features.titles import Titles
from mealrec.study import harness
from mealrec.study.harness import Study, load, read_ranks
from mealrec.study.source import Source
from mealrec.training import trainer
from mealrec.training.checkpoint import Checkpoint
from mealrec.training.config import TrainConfig
from mealrec.training.trainer import train
from mealrec.training.world import open_world
from mealrec.types import SequenceBatch
from tests.features.tiny_store import write_store
from tests.study.conftest import BRIEF
from tests.training.tiny_titles import CHECKSUM, LAYERS, TEXTS, make_titles, write_bert
from tests.training.tiny_world import FRAMES, NUM_ITEMS, TEXT, VISUAL, make_catalogue, make_features, write_world

CATALOGUE = make_catalogue()
SPLIT = leave_one_out(CATALOGUE)
FEATURES = make_features(CATALOGUE)
TITLES = make_titles()
SHAPE = {"num_items": NUM_ITEMS, "visual_width": VISUAL, "text_width": TEXT, "num_frames": FRAMES, "width": 16}
CONFIG = morec_end_to_end.System.Config(**SHAPE)
ROWS = SequenceBatch(torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([[2, 3, 9], [5, 6, 0]]))
BRIEFLY = TrainConfig(batch_size=96, max_epochs=2, average=0.9, validation_rows=50, learning_rate=1e-2)


def made(titles=TITLES, **changes):
    torch.manual_seed(0)
    system = base.build(replace(CONFIG, **changes), titles)
    system.prepare(SPLIT.train, FEATURES, titles)
    return system.eval()


@pytest.mark.parametrize("count", range(1, LAYERS + 1))
def test_untrained_it_reads_what_the_encoder_and_the_normalisation_make_of_a_title(count):
    features, _ = TITLES.encoder.encode(TEXTS)
    expected = TITLES.normalisation.text(torch.from_numpy(features))
    system = made(tune_text=count)
    read = system.reader(torch.arange(NUM_ITEMS + 1))
    # The states below are kept in float16.
    torch.testing.assert_close(read[1:], expected, atol=0.03 * float(expected.std(0).mean()), rtol=0)
    assert not read[0].any()


def test_untrained_it_is_the_two_stage_form():
    texts = torch.from_numpy(TITLES.encoder.encode(TEXTS)[0])
    stored = torch.cat([torch.zeros(1, TEXT), TITLES.normalisation.text(texts)])
    features, system = FEATURES.replace(text=stored), made()
    plain = morec.System(morec.System.Config(**SHAPE))
    plain.load_state_dict({name: tensor for name, tensor in system.state_dict().items() if "reader" not in name})
    torch.testing.assert_close(system.items(features), plain.items(features), atol=1e-2, rtol=0)


def test_gradients_reach_the_tuned_layers_and_the_frozen_ones_stay():
    system, frozen = made(tune_text=1).train(), {k: v.clone() for k, v in TITLES.encoder.model.state_dict().items()}
    weights, share = system.rates(16.0)[-1]
    optimizer = torch.optim.SGD(system.parameters(), lr=1.0)
    system.loss(ROWS, FEATURES)["total"].backward()
    assert len(weights) == 14 and all(weight.grad.any() for weight in weights) and share == CONFIG.encoder_rate
    before = system.reader(torch.arange(NUM_ITEMS + 1)).detach()
    optimizer.step()
    assert not torch.allclose(system.reader(torch.arange(NUM_ITEMS + 1)), before, atol=1e-3)
    after = TITLES.encoder.model
    assert all(torch.equal(frozen[name], tensor) for name, tensor in after.state_dict().items())
    assert all(parameter.grad is None for parameter in after.parameters())
    names = [name for name in system.state_dict() if name.startswith("reader.")]
    assert {name.split(".")[2] for name in names if "layers" in name} == {"0"}


def test_the_encoder_learns_at_its_own_rate():
    """Adam's first step moves a weight by its rate, however long its gradient is."""
    config = replace(BRIEFLY, max_epochs=1, batch_size=1000, average=0.0, clip_norm=1e9)
    trained = train(replace(CONFIG, encoder_rate=0.1, dropout=0.0), config, SPLIT, FEATURES, encoder_input=TITLES).model
    torch.manual_seed(config.seed)
    start = base.build(replace(CONFIG, dropout=0.0), TITLES)
    moved = {
        name: float((now - then).detach().abs().max())
        for (name, now), then in zip(trained.named_parameters(), start.parameters(), strict=True)
    }
    assert all(step == pytest.approx(1e-3, rel=0.05) for name, step in moved.items() if name.startswith("reader."))
    assert all(step == pytest.approx(1e-2, rel=0.05) for name, step in moved.items() if name.startswith("text."))


def test_the_batch_alone_gives_the_loss_of_the_whole_table():
    system = made()
    users, positions = ROWS.rows
    items = system.items(FEATURES)
    states = system.encoder.encode(items[ROWS.items], ROWS.items)[users, positions]
    whole = in_batch_cross_entropy(states, items, ROWS.targets[users, positions], ROWS.prefixes(), system.counts)
    torch.testing.assert_close(system.loss(ROWS, FEATURES)["total"], whole)


def test_an_item_without_a_title_is_its_clip_alone_and_a_batch_of_them_has_a_loss():
    titles = make_titles(tuple("" if number < 6 else text for number, text in enumerate(TEXTS)))
    features = FEATURES.replace(has_text=FEATURES.has_text & (torch.arange(NUM_ITEMS + 1) > 6))
    system = made(titles)
    items = system.items(features)
    torch.testing.assert_close(items[3], system.out(system.visual(FEATURES.global_visual[3])))
    assert not torch.allclose(items[9], system.out(system.visual(FEATURES.global_visual[9])))
    untitled = SequenceBatch(torch.tensor([[1, 2]]), torch.tensor([[2, 3]]))
    assert system.loss(untitled, features)["total"].isfinite()


def test_what_was_trained_loads_without_the_encoder_and_prepares_to_the_same_bits():
    trained = train(CONFIG, BRIEFLY, SPLIT, FEATURES, encoder_input=TITLES).model
    config = base.from_dict(json.loads(json.dumps(trained.config.to_dict())))
    loaded = base.build(config)
    loaded.load_state_dict(trained.state_dict())
    loaded.prepare(SPLIT.train, FEATURES, make_titles())
    assert torch.equal(loaded.eval().items(FEATURES), trained.items(FEATURES))
    assert not torch.allclose(loaded.items(FEATURES), made().items(FEATURES), atol=1e-2)


def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    whole = train(CONFIG, BRIEFLY, SPLIT, FEATURES, encoder_input=TITLES)
    steps, forward = iter(range(1, 100)), trainer.Objective.forward

    def fails(*arguments):
        if next(steps) == 5:
            raise KeyboardInterrupt
        return forward(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(trainer.Objective, "forward", fails)
        train(CONFIG, BRIEFLY, SPLIT, FEATURES, checkpoint=Checkpoint(tmp_path, {}, every=1), encoder_input=TITLES)
    assert next(steps) == 6
    again = train(CONFIG, BRIEFLY, SPLIT, FEATURES, checkpoint=Checkpoint(tmp_path, {}), encoder_input=TITLES)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], tensor), name


@pytest.mark.parametrize("count", [0, LAYERS + 1])
def test_layers_that_the_encoder_has_not_are_refused(count):
    with pytest.raises(TrainingError, match=f"tune_text: expected 1 to {LAYERS}, .* got {count}"):
        made(tune_text=count)


def test_without_titles_or_on_another_encoder_it_is_refused():
    with pytest.raises(TrainingError, match="trains the text encoder behind the features, and was given none"):
        base.build(CONFIG)
    with pytest.raises(TrainingError, match="was given none"):
        made().prepare(SPLIT.train, FEATURES)
    with pytest.raises(TrainingError, match="'text_layers': 3.*'text_layers': 4"):
        made().prepare(SPLIT.train, FEATURES, make_titles(layers=4))
    other = replace(TITLES, encoder=TextEncoder(TITLES.encoder.model, None, "tiny", "of another"))
    with pytest.raises(TrainingError, match=f"{CHECKSUM}.*of another"):
        made().prepare(SPLIT.train, FEATURES, other)


@pytest.fixture(scope="module")
def titled(tmp_path_factory):
    """Return the tiny world's catalogue and a feature store with titles that a tiny BERT has read."""
    root = tmp_path_factory.mktemp("titled")
    data, _ = write_world(root)
    lines = zip(CATALOGUE.item_ids, TEXTS, strict=True)
    (data / "titles.csv").write_text("item,title\n" + "".join(f"{item},{text}\n" for item, text in lines))
    return data, write_features(root / "read", write_bert(root / "bert"))


def write_features(folder, bert, checksum=None):
    encoder = TextEncoder.from_pretrained(bert, "cpu")
    made_by = {"text": {"name": str(bert), "sha256": checksum or encoder.checksum}}
    write_store(
        folder,
        StoreLayout(CATALOGUE.item_ids, VISUAL, TEXT, FRAMES, 1.0, made_by),
        frames=FEATURES.frames[1:].numpy(),
        text=encoder.encode(TEXTS)[0],
        times_s=np.tile(np.arange(FRAMES, dtype=np.float32), (NUM_ITEMS, 1)),
        has_visual=[True] * NUM_ITEMS,
        has_text=[True] * NUM_ITEMS,
    )
    return folder


def study_of(titled, work, *settings) -> Study:
    data, features = titled
    return Study(Source("tiny", data, ""), work, features, jobs=1, settings=(*BRIEF, *settings))


def test_it_is_compared_from_the_command_line_and_its_kept_ranks_are_the_loaded_models(titled, tmp_path):
    where = ["--data", str(titled[0]), "--features", str(titled[1]), "--work", str(tmp_path), "--jobs", "1"]
    settings = [word for setting in (*BRIEF, "model.tune_text=1") for word in ("--set", setting)]
    assert main(["compare", *where, *settings, "--device", "cpu", "--systems", "morec_end_to_end"]) == 0
    assert "| morec_end_to_end | 1 of 1 |" in (tmp_path / "compare.md").read_text()
    study = study_of(titled, tmp_path, "model.tune_text=1")
    job = study.job(study.recipe("morec_end_to_end", 0))
    world = study.world
    system = load(job, world, "cpu")
    ranks = harness.rank_rows(harness.model_scorer(system, world.features), world.split.test, world.candidates)
    np.testing.assert_array_equal(ranks.unmasked, read_ranks(job.folder).unmasked)


def test_it_is_trained_by_the_other_verb_too(titled, tmp_path, capsys):
    where = ["--data", str(titled[0]), "--features", str(titled[1]), "--out", str(tmp_path), "--device", "cpu"]
    settings = [word for setting in BRIEF for word in ("--set", setting)]
    command = ["train", "microlens", *where, "--systems", "morec_end_to_end", *settings]
    assert main([*command, "--set", "model.tune_text=7"]) == 2
    assert "tune_text: expected 1 to 3" in capsys.readouterr().err and not list(tmp_path.iterdir())
    assert main(command) == 0
    assert (tmp_path / "seed-0" / "morec_end_to_end" / "model.safetensors").is_file()


def test_what_does_not_fit_stops_a_comparison_before_it_trains(titled, tmp_path, monkeypatch):
    monkeypatch.setattr(harness, "train_job", lambda *_: pytest.fail("trained"))
    study = study_of(titled, tmp_path / "work")
    deep = replace(study, tuned={"morec_end_to_end": ("model.tune_text=9",)})
    with pytest.raises(TrainingError, match="tune_text: expected 1 to 3.* got 9"):
        deep.ranks(["sasrec", "morec_end_to_end"])
    data, features = write_world(tmp_path / "world")
    nameless = replace(study, source=Source("tiny", data, ""), features=features)
    with pytest.raises(DataFormatError, match="name no text encoder that could be trained"):
        nameless.ranks(["sasrec", "morec_end_to_end"])


def test_another_encoder_and_missing_or_other_titles_are_named(titled, tmp_path):
    data, features = titled
    manifest = json.loads((features / "manifest.json").read_text())
    other = write_features(tmp_path / "other", manifest["encoders"]["text"]["name"], "0" * 64)
    relu = write_features(tmp_path / "relu", write_bert(tmp_path / "relu-bert", hidden_act="relu"))
    world = open_world(data, features)
    untitled = replace(world, catalogue=replace(CATALOGUE, titles=dict.fromkeys(CATALOGUE.item_ids, " ")))
    for unfit, words in (
        (open_world(data, other), "has other weights .* than the one that made the features"),
        (open_world(data, relu), "no BERT of the usual kind.*relu"),
        (untitled, "None of the 27 items has a title"),
    ):
        with pytest.raises(DataFormatError, match=words):
            unfit.encoder_input(CONFIG)
    store = replace(FeatureStore.open(features), manifest=manifest | {"titles_sha256": "0" * 64})
    with pytest.raises(DataFormatError, match="not those that the features were made of"):
        Titles.open(store, TEXTS, TITLES.normalisation)
