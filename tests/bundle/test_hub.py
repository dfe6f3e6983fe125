"""Bundles on the hub: pushed whole, downloaded once, opened without a connection, refused in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from mealrec.__main__ import main
from mealrec.bundle.card import model_card
from mealrec.bundle.disk import read_bundle
from mealrec.bundle.hub import HubAddress, local_bundle
from mealrec.bundle.manifest import CARD, MANIFEST
from mealrec.errors import BundleError
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.verbs.push import gather
from tests import fake_hub
from tests.fake_hub import TOKEN, Repository

REPO = "me/demo"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub that answers in place of the real one, and an empty cache."""
    constants = pytest.importorskip("huggingface_hub").constants
    with fake_hub.serve() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{hub.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        )
        monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "home"))
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.delenv("HF_TOKEN", raising=False)
        yield hub


@pytest.fixture(scope="module")
def gathered(project, tmp_path_factory):
    """A bundle as it is pushed: read-only."""
    folder = tmp_path_factory.mktemp("gathered") / "demo"
    gather(project / "tiny", folder, REPO)
    return folder


def refusal(name: str) -> str:
    with pytest.raises(BundleError) as caught:
        local_bundle(name)
    return str(caught.value)


def test_a_path_stays_a_path(project):
    assert local_bundle(project / "tiny") == project / "tiny"


@pytest.mark.parametrize(
    ("name", "repo", "revision", "subfolder"),
    [
        ("hf://me/demo", "me/demo", "main", ""),
        ("hf://me/demo/", "me/demo", "main", ""),
        ("hf://me/demo@v1.0", "me/demo", "v1.0", ""),
        ("hf://me/demo/checkpoints/small", "me/demo", "main", "checkpoints/small"),
        ("hf://me/demo@refs%2Fpr%2F1/small", "me/demo", "refs/pr/1", "small"),
    ],
)
def test_an_address_has_four_parts(name, repo, revision, subfolder):
    assert HubAddress.parse(name) == HubAddress(repo, revision, subfolder)


@pytest.mark.parametrize("name", ["hf://", "hf://me", "hf://me/demo/../other", "hf://me/demo@", "hf://me/de mo"])
def test_another_form_is_refused(name):
    assert "hf://owner/name[@revision][/subfolder] is expected" in refusal(name)


def test_a_pushed_bundle_comes_back_and_answers_the_same(hub, project, recommender, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["push", "--bundle", str(project / "tiny"), "--repo", REPO, "--private"]) == 0
    assert f"hf://{REPO}" in capsys.readouterr().out
    assert hub.repositories[REPO].private
    bundle = local_bundle(f"hf://{REPO}")
    again = Recommender.from_pretrained(REPO, device="cpu")
    assert again.recommend(Question(["i1", "i4"])).items == recommender.recommend(Question(["i1", "i4"])).items
    clip = again.media.clip_path("i1")
    assert clip.resolve().is_relative_to(bundle.resolve()), "a page would not hand out a file outside of its folder"
    assert not again.upload_refusal
    assert [path for path in bundle.rglob("*") if path.suffix in {".bin", ".pt", ".pkl", ".py"}] == []


def test_only_a_bundles_files_are_downloaded(hub, gathered):
    files = Repository.of(gathered).files
    strangers = ["model.pt", "encoders/video/pytorch_model.bin", "media/clips/x.exe", "notes.json", "code.py", CARD]
    hub.repositories[REPO] = Repository(files | dict.fromkeys(strangers, b"stranger"))
    bundle = local_bundle(f"hf://{REPO}")
    read_bundle(bundle)
    assert hub.downloaded == files.keys() - {CARD}


def test_a_cached_bundle_opens_without_a_connection(hub, gathered, monkeypatch):
    hub.repositories[REPO] = Repository.of(gathered)
    first = local_bundle(f"hf://{REPO}")
    hub.seen.clear()
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert local_bundle(f"hf://{REPO}") == first
    assert not hub.seen
    assert "not in the cache as a whole" in refusal("hf://me/other")


def test_a_cut_download_is_no_bundle_until_it_is_whole(hub, gathered, monkeypatch):
    from huggingface_hub import constants

    hub.repositories[REPO] = Repository.of(gathered)
    local_bundle(f"hf://{REPO}")
    (snapshot,) = Path(constants.HF_HUB_CACHE).glob("models--me--demo/snapshots/*")
    (snapshot / "features.safetensors").unlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "not in the cache as a whole" in refusal(f"hf://{REPO}")


def test_a_changed_branch_is_fetched_anew_and_a_commit_stays(hub, gathered):
    hub.repositories[REPO] = Repository.of(gathered)
    old, first = hub.repositories[REPO].sha, local_bundle(f"hf://{REPO}")
    hub.repositories[REPO].files[CARD] = b"another card"
    assert local_bundle(f"hf://{REPO}") != first
    assert local_bundle(f"hf://{REPO}@{old}") == first


def test_a_bundle_may_lie_in_a_subfolder(hub, gathered):
    files = Repository.of(gathered).files
    hub.repositories[REPO] = Repository({f"bundles/small/{name}": data for name, data in files.items()})
    read_bundle(local_bundle(f"hf://{REPO}/bundles/small"))
    assert "holds no bundle" in refusal(f"hf://{REPO}")


def test_what_is_not_there_is_named(hub, gathered):
    assert "no repository me/demo" in refusal(f"hf://{REPO}")
    hub.repositories[REPO] = Repository.of(gathered)
    assert "no revision 'v9'" in refusal(f"hf://{REPO}@v9")
    hub.repositories[REPO].private = True
    assert "HF_TOKEN" in refusal(f"hf://{REPO}")
    hub.repositories["me/model"] = Repository({"config.json": b"{}", "pytorch_model.bin": b"x"})
    assert "holds no bundle" in refusal("hf://me/model")
    assert hub.downloaded == set()


@pytest.mark.parametrize("listed", ["variants/full.pt", "../outside.json", "/etc/passwd", "a/b/c.json", 3])
def test_a_manifest_that_lists_anything_else_is_refused(hub, gathered, listed):
    manifest = json.loads((gathered / MANIFEST).read_text())
    manifest["files"] = [listed]
    hub.repositories[REPO] = Repository({MANIFEST: json.dumps(manifest).encode()})
    assert "JSON and safetensors only" in refusal(f"hf://{REPO}")
    assert hub.downloaded == {MANIFEST}


def test_no_hub_and_a_hub_that_fails_are_told_apart(hub, gathered, monkeypatch):
    from huggingface_hub import constants

    hub.status = 403
    assert "status 403" in refusal(f"hf://{REPO}")
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "hub cannot be reached" in refusal(f"hf://{REPO}")


def test_a_push_replaces_the_older_bundle_and_leaves_the_rest(hub, project, gathered, monkeypatch):
    older = {"variants/old.safetensors": b"old", "LICENSE": b"mine"}
    hub.repositories[REPO] = Repository({**Repository.of(gathered).files, **older})
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["push", "--bundle", str(project / "tiny"), "--repo", REPO]) == 0
    assert hub.repositories[REPO].files.keys() == Repository.of(gathered).files.keys() | {"LICENSE"}


def test_a_push_that_may_not_write_says_what_is_missing(hub, project, capsys):
    assert main(["push", "--bundle", str(project / "tiny"), "--repo", REPO]) == 2
    assert "HF_TOKEN" in capsys.readouterr().err
    assert not hub.repositories


def test_a_dry_run_leaves_the_folder_and_uploads_nothing(hub, project, tmp_path, capsys):
    out = tmp_path / "dry"
    command = ["push", "--bundle", str(project / "tiny"), "--repo", REPO, "--dry-run", "--out", str(out)]
    assert main(command) == 0
    assert not hub.seen
    contents = read_bundle(out)
    assert contents.media == "./media" and contents.encoders["video"]["name"] == "./encoders/video"
    assert "0.5000" in (out / CARD).read_text()
    assert main(command) == 2
    assert "holds files already" in capsys.readouterr().err


def test_an_encoder_with_pickled_weights_alone_is_not_pushed(bundle, tmp_path):
    encoder = bundle.parent / "encoder"
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")
    with pytest.raises(BundleError, match="nothing pickled"):
        gather(bundle, tmp_path / "out", REPO)


def test_a_damaged_bundle_is_not_pushed(bundle, tmp_path):
    (bundle / "features.safetensors").write_bytes(b"cut")
    with pytest.raises(BundleError, match="damaged"):
        gather(bundle, tmp_path / "out", REPO)


def test_a_card_says_what_the_manifest_says(gathered):
    manifest = json.loads((gathered / MANIFEST).read_text())
    manifest |= {"name": "<b>|mine", "metrics": {"test": {"a|b": {"H@10": 0.25, "N@10": None}}, "rows": 7}}
    card = model_card(REPO, manifest)
    assert "\\<b\\>\\|mine" in card and "| a\\|b | 0.2500 | – |" in card and "7 rows" in card
    assert "without a report" in model_card(REPO, manifest | {"metrics": {}})


def test_a_card_tells_the_hub_its_licence_its_figures_and_that_viewers_are_simulated(gathered):
    manifest = json.loads((gathered / MANIFEST).read_text())
    first = next(iter(manifest["models"]))
    test = {first: {"N@10": 0.25, "H@10": None}, "oracle: sees the history": {"N@10": 0.5, "H@10": 0.6}}
    measured = manifest | {"metrics": {"test": test}}
    card = ModelCard(model_card(REPO, measured, "mit", "https://example.org/code"))
    assert card.data.license == "mit" and card.data.library_name == "mealrec"
    (result,) = card.data.eval_results
    assert (result.metric_type, result.metric_value, result.dataset_type) == ("N@10", 0.25, "simulated")
    assert "viewers are simulated" in card.text and "https://example.org/code" in card.text
    real = manifest | {"metrics": {"test": {first: {"N@10": 0.25}}}}
    assert "simulated" not in model_card(REPO, real)
    assert ModelCard(model_card(REPO, manifest | {"metrics": {}})).data.eval_results is None
