"""The two verbs, from the files that training leaves to an answer in JSON."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import mealrec
from mealrec.__main__ import main
from mealrec.bundle.disk import read_bundle
from mealrec.bundle.examples import CASES, choose_cases, choose_viewers
from mealrec.bundle.making import metrics_tables
from mealrec.bundle.manifest import ViewerCase
from mealrec.data.catalogue import Catalogue
from mealrec.errors import BundleError
from mealrec.features.store import StoreLayout
from mealrec.features.weights import weights_checksum
from mealrec.question import Question
from mealrec.recommender.recommender import Recommender
from mealrec.study.bundle_world import bundle_data
from mealrec.video.probe import plays_in_browsers
from tests.features.tiny_store import write_store
from tests.make_videos import write_video
from tests.recommender.tiny_bundle import FRAMES, HELD_OUT, KINDS, TEXT, VARIANTS, VISUAL, tiny_contents

ROOT = Path(mealrec.__file__).resolve().parents[1]


@pytest.fixture
def run_folder(project, tmp_path) -> Path:
    """What `sample build`, `extract`, `train` and `evaluate` leave behind, in small."""
    contents, data = tiny_contents(), tmp_path / "data"
    data.mkdir()
    items = [item.item_id for item in contents.catalogue]
    (data / "titles.csv").write_text("item,title\n" + "".join(f"{i.item_id},{i.title}\n" for i in contents.catalogue))
    (data / "topics.csv").write_text("item,topic\n" + "".join(f"{i.item_id},{i.topic}\n" for i in contents.catalogue))
    (data / "held_out.txt").write_text("\n".join(HELD_OUT))
    (data / "pairs.tsv").write_text(f"v1\t{' '.join(items[:6:2])} i2 i4\nv2\t{' '.join(items[:9:2])} i2\n")
    encoders = {
        "video": {"name": "elsewhere", "sha256": weights_checksum(str(project / "encoder"))},
        "text": {"name": "tiny", "sha256": "t"},
    }
    features = contents.features
    write_store(
        tmp_path / "features",
        StoreLayout(tuple(items), VISUAL, TEXT, FRAMES, 1.0, encoders),
        frames=features.frames[1:].numpy(),
        text=features.text[1:].numpy(),
        times_s=contents.times_s[1:].numpy(),
        has_visual=[True] * len(items),
        has_text=[True] * len(items),
    )
    for variant, (config, weights) in contents.models.items():
        folder = tmp_path / "run" / "seed-0" / variant
        folder.mkdir(parents=True)
        save_file(weights, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps(config.to_dict()))
        (folder / "training.json").write_text(json.dumps({"learning_rate": 0.001, "epoch": 3, "seconds": 1.5}))
    save_file(
        {name: tensor.contiguous() for name, tensor in vars(contents.normalisation).items()},
        tmp_path / "run" / "normalisation.safetensors",
    )
    (tmp_path / "run" / "run.json").write_text(json.dumps({"command": "python -m mealrec train", "seeds": 1}))
    report = {"systems": {"full": {"masked": {"H@10": {"mean": 0.25, "sd": 0.0}}}}, "held_out": {"as_last_H@10": 0.2}}
    (tmp_path / "run" / "metrics.json").write_text(json.dumps(report))
    shutil.copytree(project / "encoder", tmp_path / "encoder")
    return tmp_path


def bundle_arguments(folder: Path) -> list[str]:
    options = {"run": "run", "data": "data", "features": "features", "encoder": "encoder", "out": "checkpoints/made"}
    return ["bundle", *(part for name, value in options.items() for part in (f"--{name}", str(folder / value)))]


def test_a_run_becomes_a_bundle(run_folder, capsys):
    assert main(bundle_arguments(run_folder)) == 0
    assert "12 items, full" in capsys.readouterr().out
    contents, tiny = read_bundle(run_folder / "checkpoints" / "made"), tiny_contents()
    assert tuple(contents.models) == ("full", *sorted(set(VARIANTS) - {"full"}))
    for variant, (config, weights) in tiny.models.items():
        assert contents.models[variant][0] == config
        assert contents.models[variant][1].keys() == weights.keys()
    assert torch.allclose(contents.features.frames[1:], tiny.features.frames[1:] / 2, atol=1e-6)
    assert torch.equal(contents.features.has_id, tiny.features.has_id)
    assert torch.equal(contents.times_s, tiny.times_s) and contents.catalogue == tiny.catalogue
    assert contents.media == "../../data" and contents.encoders["video"]["name"] == "../../encoder"
    assert contents.metrics == {"test": {"full": {"H@10": 0.25}}, "held_out": {"as_last_H@10": 0.2}}
    assert contents.training["systems"]["full"] == {"epoch": 3, "seconds": 1.5}
    assert [viewer.viewer_id for viewer in contents.viewers] == ["v1"]
    assert contents.test_viewers == (
        ViewerCase("v1", ("i1", "i3", "i5", "i2"), "i4"),
        ViewerCase("v2", ("i1", "i3", "i5", "i7", "i9"), "i2"),
    )


def test_a_bundle_names_its_kinds(run_folder):
    assert main(bundle_arguments(run_folder)) == 0
    kinds = read_bundle(run_folder / "checkpoints" / "made").kinds
    assert len(kinds) == KINDS == len({kind.name for kind in kinds})
    assert sum(kind.share for kind in kinds) == pytest.approx(1, abs=1e-4)
    faces = [face for kind in kinds for face in kind.faces]
    assert not {face.item_id for face in faces} & {*HELD_OUT} and len(faces) == 4 * KINDS


def test_systems_of_another_form_stay_out_of_the_bundle(run_folder, capsys):
    seed = run_folder / "run" / "seed-0"
    for name, config in {"backbone_item_head": {"form": "paper"}, "mmgcn": {"baseline": "mmgcn"}}.items():
        (seed / name).mkdir()
        (seed / name / "config.json").write_text(json.dumps(config))
    shutil.copytree(seed / "full", seed / "quiet")
    assert main(bundle_arguments(run_folder)) == 0
    assert "compared with): backbone_item_head, mmgcn, quiet." in capsys.readouterr().out
    assert set(read_bundle(run_folder / "checkpoints" / "made").models) == {*VARIANTS}


def test_a_bundle_anywhere_takes_along_what_it_needs(run_folder, capsys):
    data, out = run_folder / "data", run_folder / "anywhere" / "made"
    (data / "clips").mkdir()
    (data / "covers").mkdir()
    write_video(data / "clips" / "i1.mp4")
    write_video(data / "clips" / "i2.mp4", codec="libx265")
    (data / "clips" / "i4.mp4").write_bytes((data / "clips" / "i1.mp4").read_bytes().replace(b"avc1", b"hvc1"))
    (data / "clips" / "stranger.mp4").write_bytes(b"not of the catalogue")
    (data / "covers" / "i3.jpg").write_bytes(b"a cover")
    assert main([*bundle_arguments(run_folder)[:-1], str(out)]) == 0
    printed = capsys.readouterr().out
    assert "1 clips (the first is i2) are whole, but not H.264" in printed and "with --transcode" in printed
    assert "1 clips are broken (the first is i4; i4.mp4" in printed
    held = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_file()}
    media = {name for name in held if name.startswith("media/")}
    posters = {f"media/posters/{name}.webp" for name in ("i1", "i2")}
    assert media == {"media/clips/i1.mp4", "media/sources/i2.mp4", "media/covers/i3.jpg", *posters}
    assert "encoders/video/model.safetensors" in held
    shutil.rmtree(data), shutil.rmtree(run_folder / "encoder")
    loaded = Recommender.from_bundle(out, "cpu")
    assert loaded.media.clip_path("i1") and loaded.media.clip_path("i2") is None
    assert len(loaded.media.frame_thumbnails("i1")) == FRAMES
    assert loaded.media.poster_path("i3").name == "i3.jpg"


def test_the_run_tells_the_data_and_the_data_tell_the_name(run_folder, capsys):
    told = {"command": "python -m mealrec train", "data": "../data", "features": "../features"}
    (run_folder / "run" / "run.json").write_text(json.dumps(told))
    (run_folder / "data" / "prepared.json").write_text(json.dumps({"name": "My clips", "dataset": "My clips"}))
    (run_folder / "data" / "clips").mkdir()
    write_video(run_folder / "data" / "clips" / "i2.mp4", codec="libx265", frames=10)
    out, encoder = run_folder / "anywhere" / "made", str(run_folder / "encoder")
    short = ["bundle", "--run", str(run_folder / "run"), "--encoder", encoder, "--out", str(out), "--transcode"]
    assert main(short) == 0
    assert "1 clips that browsers do not play have H.264 copies" in capsys.readouterr().out
    assert plays_in_browsers(out / "media" / "clips" / "i2.mp4") and (out / "media" / "posters" / "i2.webp").is_file()
    assert not (out / "media" / "sources" / "i2.mp4").exists()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["name"] == "My clips" and "features" not in manifest["training"]
    assert bundle_data(out).resolve() == (run_folder / "data").resolve()
    shutil.move(run_folder / "data", run_folder / "elsewhere")
    with pytest.raises(BundleError, match="data, which is not there: name where it lies with --data"):
        bundle_data(out)
    assert main(short) == 2
    assert "was trained on" in capsys.readouterr().err


def test_packing_again_replaces_the_media(run_folder):
    (run_folder / "data" / "covers").mkdir()
    cover, out = run_folder / "data" / "covers" / "i3.jpg", run_folder / "anywhere" / "made"
    for words in (b"first", b"second"):
        cover.unlink(missing_ok=True)
        cover.write_bytes(words)
        assert main([*bundle_arguments(run_folder)[:-1], str(out)]) == 0
    assert (out / "media" / "covers" / "i3.jpg").read_bytes() == b"second"


def test_the_main_system_may_have_another_name(run_folder, capsys):
    seed = run_folder / "run" / "seed-0"
    (seed / "full").rename(seed / "mealrec")
    assert main(bundle_arguments(run_folder)) == 0
    contents = read_bundle(run_folder / "checkpoints" / "made")
    assert tuple(contents.models) == ("full", "backbone", "no_npd", "no_tcd")
    assert contents.models["full"][0].variant == "full"
    assert main([*bundle_arguments(run_folder), "--system", "backbone"]) == 0
    contents = read_bundle(run_folder / "checkpoints" / "made")
    assert contents.models["full"][0].variant == "backbone" and "mealrec" in contents.models
    assert main([*bundle_arguments(run_folder), "--system", "nobody"]) == 2
    assert "mealrec" in capsys.readouterr().err


def test_a_report_that_is_not_there_is_named(run_folder, capsys):
    assert main([*bundle_arguments(run_folder), "--metrics", str(run_folder / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_another_encoder_than_the_features_is_refused(run_folder, capsys):
    (run_folder / "encoder" / "model.safetensors").write_bytes(b"other")
    assert main(bundle_arguments(run_folder)) == 2
    assert "not the encoder" in capsys.readouterr().err
    assert not (run_folder / "checkpoints").exists()


def test_a_run_without_the_whole_model_is_refused(run_folder, capsys):
    shutil.rmtree(run_folder / "run" / "seed-0" / "full")
    assert main(bundle_arguments(run_folder)) == 2
    assert "mealrec train" in capsys.readouterr().err


def test_other_items_than_the_catalogues_are_refused(run_folder, capsys):
    (run_folder / "data" / "titles.csv").write_text("item,title\ni1,one\ni2,two\ni3,a\ni4,b\ni5,c\ni7,d\ni9,e\n")
    assert main(bundle_arguments(run_folder)) == 2
    assert "other items" in capsys.readouterr().err


def test_json_is_the_recommenders_answer(recommender, project, capsys):
    request = ["recommend", "--bundle", str(project / "tiny"), "--history", "i1, i4", "--k", "3", "--seed", "5"]
    request += ["--variant", "no_tcd", "--noise", ".3", "--num-steps", "2", "--device", "cpu", "--json"]
    assert main(request) == 0
    printed = json.loads(capsys.readouterr().out)
    values = {"k": 3, "seed": 5, "variant": "no_tcd", "noise": 0.3, "num_steps": 2}
    expected = recommender.recommend(Question(["i1", "i4"], **values)).to_dict()
    for answer in (printed, expected):
        answer.pop("timing_ms")
    assert printed == json.loads(json.dumps(expected))


def test_the_table_names_what_was_asked(project, capsys):
    assert main(["recommend", "--bundle", str(project / "tiny"), "--history", "i1,i4", "--k", "2"]) == 0
    printed = capsys.readouterr().out
    assert "title of i4" in printed and "tiny, full, seed 0" in printed and " ms" in printed
    assert "Out for" in printed and "kind " in printed and "Moments of i4" in printed


def test_the_table_tells_what_would_change_the_answer(project, capsys):
    assert main(["recommend", "--bundle", str(project / "tiny"), "--history", "i1,i4", "--effects", "--hide", "0"]) == 0
    printed = capsys.readouterr().out
    assert "i1 left out" in printed and "i4 kind" in printed and "(hidden)" in printed


def test_errors_are_one_sentence_and_exit_2(project, tmp_path, capsys):
    for options in (["--bundle", str(tmp_path), "--history", "i1"], ["--bundle", str(project / "tiny")]):
        assert main(["recommend", *options]) == 2
        assert capsys.readouterr().err.startswith("mealrec recommend: ")


def test_viewers_are_chosen_by_topic_alone():
    topics = {"a": "sea", "b": "sea", "c": "food", "d": "food", "e": "sea", "x": "sea"}
    histories = {
        "short": ("a", "b", "c"),
        "sea": ("a", "b", "c", "e", "d"),
        "more sea": ("a", "b", "d", "e", "c"),
        "held out": ("c", "d", "x", "c", "a"),
        "split": ("a", "b", "c", "d", "e"),
    }
    catalogue = Catalogue(tuple(topics), dict.fromkeys(topics, ""), topics, frozenset("x"), histories)
    (viewer,) = choose_viewers(catalogue)
    assert (viewer.viewer_id, viewer.history, viewer.target) == ("sea", ("a", "b", "c", "e"), "d")
    assert viewer.note == "mostly sea, some food"


def test_cases_are_drawn_from_the_test_split_with_what_is_known_of_them():
    items = tuple(f"i{number}" for number in range(1, 40))
    histories = {f"u{number}": (*items[number % 20 : number % 20 + 12], "x") for number in range(400)}
    histories |= {"back": ("i1", "i2", "i1"), "last clip held out": ("i1", "x", "i2"), "short": ("i1",)}
    catalogue = Catalogue((*items, "x"), {}, {}, frozenset(), histories)
    cases = choose_cases(catalogue, 10, {"u7": True})
    assert len(cases) == CASES == len({case.viewer_id for case in cases})
    assert all(case.history == histories[case.viewer_id][:-1][-10:] for case in cases)
    assert all(case.target == histories[case.viewer_id][-1] for case in cases)
    assert not {"back", "short"} & {case.viewer_id for case in cases}
    assert {case.accident for case in cases if case.viewer_id != "u7"} == {None}
    few = Catalogue(catalogue.item_ids, {}, {}, frozenset("x"), {"v": ("i1", "x", "i2"), "w": ("i1", "i2", "i1")})
    assert choose_cases(few, 10, {"v": True}) == (ViewerCase("v", ("i1",), "i2", accident=True),)


def test_metrics_without_a_report():
    assert metrics_tables({}, {}) == {}


def test_metrics_of_a_renamed_system():
    report = {"systems": {"mealrec": {"masked": {"H@10": {"mean": 0.5}}}}}
    assert metrics_tables(report, {"mealrec": "full"}) == {"test": {"full": {"H@10": 0.5}}}


def test_viewers_without_topics_share_no_item_and_no_hashtag():
    tags = {"a": "#sea", "b": "# Sea #calm", "c": "#food", "d": "#food", "e": "x", "f": "y", "g": "z", "h": "w"}
    titles = {f"{name}{number}": f"clip {tag}" for name, tag in tags.items() for number in range(6)}
    histories = {
        "mixed": tuple(f"{name}0" for name in "efgha"),
        "food": tuple(f"c{number}" for number in range(5)),
        "sea": ("a1", "b1", "a2", "e1", "f1"),
        "more food": tuple(f"d{number}" for number in range(5)),
        "the same": tuple(f"c{number}" for number in range(1, 6)),
        "short": ("a3", "a4"),
    }
    catalogue = Catalogue(tuple(titles), titles, {}, frozenset(), histories)
    viewers = choose_viewers(catalogue)
    assert [viewer.viewer_id for viewer in viewers] == ["food", "sea", "mixed"]
    assert [viewer.note for viewer in viewers] == ["4 of 4 are #food", "3 of 4 are #sea", "latest: clip w"]
    assert viewers[1].history == ("a1", "b1", "a2", "e1") and viewers[1].target == "f1"


def test_a_request_imports_no_encoder_and_no_page(project):
    code = (
        "import sys; from mealrec.question import Question; "
        "from mealrec.recommender.recommender import Recommender; "
        f"Recommender.from_bundle({str(project / 'tiny')!r}).recommend(Question(['i1'])); "
        "print([name for name in ('gradio', 'transformers', 'decord', 'torch._dynamo') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted((ROOT / "mealrec" / "recommender").glob("*.py")), ids=lambda path: path.name)
def test_no_module_here_imports_pickle_or_gradio(path):
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in names} & {"pickle", "joblib", "dill", "gradio", "app"}
