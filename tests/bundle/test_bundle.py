"""A bundle comes back as it was written, or not at all: every kind of damage is named."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mealrec.bundle.disk import read_bundle, write_bundle
from mealrec.bundle.manifest import MANIFEST, CatalogueItem, ExampleViewer, ViewerCase, bundle_root, read_manifest
from mealrec.errors import BundleError
from mealrec.explain.trace import Face
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from tests.bundle.spoilt import edit_manifest, refusal
from tests.recommender.tiny_bundle import VARIANTS, tiny_contents, titles_contents, with_models


def test_round_trip_keeps_every_part(bundle):
    contents = read_bundle(bundle)
    written = tiny_contents(contents.encoders["video"]["sha256"])
    for name, tensor in written.tensors().items():
        assert torch.equal(contents.tensors()[name], tensor), name
    for variant, (config, weights) in written.models.items():
        assert contents.models[variant][0] == config
        assert all(torch.equal(contents.models[variant][1][name], tensor) for name, tensor in weights.items())
    for part in (
        "name",
        "catalogue",
        "viewers",
        "test_viewers",
        "kinds",
        "encoders",
        "media",
        "interval_s",
        "metrics",
        "training",
    ):
        assert getattr(contents, part) == getattr(written, part), part


def test_round_trip_keeps_the_answer(recommender, bundle):
    write_bundle(bundle, read_bundle(bundle))
    again = Recommender.from_bundle(bundle, device="cpu")
    for variant in VARIANTS:
        question = Question(["i1", "i4"], variant=variant)
        assert again.recommend(question).items == recommender.recommend(question).items


def test_a_variant_may_be_named_like_a_system_of_a_comparison(bundle):
    contents = read_bundle(bundle)
    write_bundle(bundle, with_models(contents, **{"sasrec-content": contents.models["backbone"]}))
    assert "sasrec-content" in read_bundle(bundle).models


def test_a_bundle_without_test_viewers_has_no_file_of_them(bundle):
    write_bundle(bundle, replace(read_bundle(bundle), test_viewers=()))
    assert not (bundle / "test_viewers.json").exists()
    assert Recommender.from_bundle(bundle, device="cpu").test_viewers == ()


def test_the_same_contents_give_the_same_files(bundle):
    before = read_manifest(bundle)["files"]
    write_bundle(bundle, read_bundle(bundle))
    assert read_manifest(bundle)["files"] == before


def test_loading_draws_no_random_number(bundle):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Recommender.from_bundle(bundle).recommend(Question(["i1"]))
    assert torch.equal(torch.rand(2), expected)


def test_an_unknown_file_is_named(bundle):
    (bundle / "variants" / "extra.bin").write_bytes(b"x")
    assert "variants/extra.bin" in refusal(bundle)


def test_a_listed_file_of_no_variant_is_named(bundle):
    edit_manifest(bundle, lambda manifest: manifest["models"].pop("no_tcd"))
    assert "variants/no_tcd.safetensors" in refusal(bundle)


def test_a_variant_without_a_file_is_named(bundle):
    edit_manifest(bundle, lambda manifest: manifest["models"].update(no_tcd_npd=manifest["models"]["no_npd"]))
    assert "no_tcd_npd" in refusal(bundle)


@pytest.mark.parametrize("version", [1, 99])
def test_another_version_is_refused(bundle, version):
    edit_manifest(bundle, lambda manifest: manifest.update(format_version=version))
    assert f"the format {version}" in (message := refusal(bundle)) and "python -m mealrec bundle" in message


def test_a_model_of_another_form_is_refused(bundle):
    edit_manifest(bundle, lambda manifest: manifest["models"]["full"].update(form="paper"))
    assert "full is no model of the form" in refusal(bundle)


def test_an_unknown_setting_is_refused(bundle):
    edit_manifest(bundle, lambda manifest: manifest["models"]["full"].update(wings=2))
    assert "wings" in refusal(bundle)


def test_a_wrong_shape_is_named(bundle):
    edit_manifest(bundle, lambda manifest: manifest["models"]["full"].update(num_kinds=32))
    message = refusal(bundle)
    assert "variants/full.safetensors" in message and "32" in message


def test_no_bundle_at_all(tmp_path):
    assert MANIFEST in refusal(tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    assert MANIFEST in refusal(tmp_path)
    (tmp_path / MANIFEST).write_text("[]")
    assert "format" in refusal(tmp_path)


@pytest.mark.parametrize("path", ["/etc", "../../../..", "../../../etc"])
def test_no_path_leaves_the_project(bundle, path):
    edit_manifest(bundle, lambda manifest: manifest.update(media=path))
    assert "outside" in refusal(bundle)


def test_a_link_out_of_the_project_is_refused(bundle, tmp_path_factory):
    (bundle.parent / "elsewhere").symlink_to(tmp_path_factory.mktemp("outside"))
    edit_manifest(bundle, lambda manifest: manifest.update(media="../elsewhere"))
    assert "outside" in refusal(bundle)


def test_a_bundle_of_its_own_may_name_its_own_files_only(tmp_path):
    alone = tmp_path / "anywhere" / "bundle"
    write_bundle(alone, titles_contents())
    assert Recommender.from_bundle(alone).catalogue[0].topic == ""
    (tmp_path / "anywhere" / "media").mkdir()
    edit_manifest(alone, lambda manifest: manifest.update(media="../media"))
    assert "outside" in refusal(alone)
    edit_manifest(alone, lambda manifest: manifest.update(media="./media"))
    edit_manifest(alone, lambda manifest: manifest["encoders"]["video"].update(name="../encoder"))
    assert "outside" in refusal(alone)


def test_a_folder_below_the_root_of_the_disk_is_no_project():
    assert bundle_root("/checkpoints/any") == Path("/checkpoints/any")


KINDS_THAT_DO_NOT_FIT = (
    {"index": 3},
    {"name": ""},
    {"words": (7,)},
    {"share": 1.5},
    {"place": (0.5,)},
    {"place": (0.5, float("nan"))},
    {"faces": (Face("i99", 0, 0.5),)},
    {"faces": (Face("i1", 5, 0.5),)},
)


def broken_contents():
    good = tiny_contents()
    (config, weights), features = good.models["full"], good.features
    odd_name = CatalogueItem("../up", "title", "sea", held_out=True)
    yield "holds no model", replace(good, models={})
    yield (
        "lacks table.log_scale",
        with_models(good, full=(config, {k: v for k, v in weights.items() if k != "table.log_scale"})),
    )
    yield "also holds stray", with_models(good, full=(config, weights | {"stray": torch.zeros(1)}))
    yield "weights of full are not finite", with_models(good, full=(config, {k: v / 0 for k, v in weights.items()}))
    yield "no name for a variant", with_models(good, **{"../full": (config, weights)})
    yield "not finite", replace(good, features=features.replace(text=features.text / 0))
    yield "has_id", replace(good, features=features.replace(has_id=~features.has_id))
    yield "has the type", replace(good, features=features.replace(has_text=features.has_text.float()))
    yield "frames has the shape", replace(good, features=features.replace(frames=features.frames[:, 1:]))
    yield "different ids", replace(good, catalogue=(good.catalogue[1], *good.catalogue[1:]))
    yield "no item id", replace(good, catalogue=(*good.catalogue[:-1], odd_name))
    yield "unknown: i99", replace(good, viewers=(ExampleViewer("v", ("i99",), "i1", ""),))
    yield "viewer v", replace(good, viewers=(ExampleViewer("v", (), "i1", ""),))
    yield "unknown: i98", replace(good, test_viewers=(ViewerCase("v", ("i1",), "i98"),))
    yield "does not hold", replace(good, test_viewers=(ViewerCase("v", ("i1",), "i1"),))
    for changes in KINDS_THAT_DO_NOT_FIT:
        yield f"kind 0 needs {changes}", replace(good, kinds=(replace(good.kinds[0], **changes), *good.kinds[1:]))
    yield "names 7 kinds", replace(good, kinds=good.kinds[:-1])
    yield "null for accident", replace(good, test_viewers=(ViewerCase("v", ("i1",), "i2", "maybe"),))


BROKEN = dict(broken_contents())


@pytest.mark.parametrize("reason", BROKEN)
def test_contents_that_do_not_fit_are_never_written(tmp_path, reason):
    with pytest.raises(BundleError) as caught:
        write_bundle(tmp_path / "bundle", BROKEN[reason])
    assert reason.split(" {")[0] in str(caught.value)
    assert not (tmp_path / "bundle").exists()


def test_other_peoples_files_are_not_overwritten(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(BundleError):
        write_bundle(tmp_path, tiny_contents())
    assert (tmp_path / "letter.txt").read_text() == "dear"
    with pytest.raises(BundleError):
        write_bundle(tmp_path / "letter.txt", tiny_contents())


def test_an_older_bundle_is_replaced_whole(bundle):
    contents = read_bundle(bundle)
    models = {"full": contents.models["full"]}
    write_bundle(bundle, replace(contents, models=models))
    assert tuple(read_bundle(bundle).models) == ("full",)
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["encoder", "media", "tiny"]


def test_a_damaged_list_of_files_is_refused(bundle):
    edit_manifest(bundle, lambda manifest: manifest.update(files=["catalogue.json"]))
    assert "files has another form" in refusal(bundle)


def test_tensors_say_that_they_are_pytorchs(bundle):
    for file in [*bundle.rglob("*.safetensors"), *Path("checkpoints/default").rglob("*.safetensors")]:
        with safe_open(file, "pt") as opened:
            assert opened.metadata() == {"format": "pt"}, file


def test_a_bundle_is_found_and_its_catalogue_read_without_torch_or_numpy():
    code = (
        "import sys; import mealrec.bundle.hub; from mealrec.bundle.manifest import read_items; "
        "read_items('checkpoints/default'); print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
