"""The registry: what can be named, and that every trained name has its recipe."""

from __future__ import annotations

import pytest

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.study.exhibits import table2
from mealrec.study.systems import (
    ABLATIONS,
    BACKBONES,
    FIRST_STATE,
    OTHER_FORMS,
    SYSTEMS,
    chosen,
    is_ours,
    over,
    rivals,
)
from mealrec.training.recipes import microlens

SHAPE = {"num_items": 9, "visual_width": 4, "text_width": 4, "num_frames": 3}


def test_every_trained_system_has_a_recipe_and_every_recipe_a_system():
    recipes = [recipe.name for recipe in microlens(SHAPE, 3)]
    assert sorted(recipes) == sorted(name for name, system in SYSTEMS.items() if system.scorer is None)
    assert len(set(recipes)) == len(recipes)


def test_a_recipe_keeps_the_seed():
    assert all(recipe.seed == 3 for recipe in microlens(SHAPE, 3))


def test_names_are_chosen_in_the_registrys_order():
    assert chosen("mealrec, popularity") == ("popularity", "mealrec")
    assert chosen("everything") == tuple(SYSTEMS)
    with pytest.raises(DataFormatError, match="got gru4rec"):
        chosen("sasrec,gru4rec")


def test_all_names_the_eleven_of_table_2_with_lines_and_controls():
    published = {"sasrec", "cl4srec", "tedrec", *baselines.names()} - OTHER_FORMS
    assert len(published) == 10 and {"morec_end_to_end", "morec_end_to_end-guided"} == OTHER_FORMS
    assert {"mealrec", "popularity", "itemknn", "sasrec-content", "sasrec-guided"} | published < set(chosen("all"))
    assert not OTHER_FORMS & {*chosen("all"), *table2.DEFAULT} and set(chosen("everything")) > OTHER_FORMS


def test_all_has_mealrec_on_each_backbone_and_a_row_for_each_of_its_parts():
    ours = {name for name in chosen("all") if is_ours(name)}
    parts = {over("sasrec", ablation) for ablation in ABLATIONS}
    assert ours == {"mealrec", "mealrec-cl4srec", "mealrec-tedrec", "mealrec-paper", "mealrec-walk", *parts}


def test_every_rival_with_content_has_the_guidance_too():
    others = [name for name in baselines.names() if baselines.system(name).reads_content]
    assert {f"{name}-guided" for name in (*BACKBONES, *others)} <= set(rivals(tuple(SYSTEMS)))
    assert {"diqdiff", "ssdrec"} == set(baselines.names()) - set(others)


def test_no_form_of_mealrec_is_its_own_rival():
    ours = {over("sasrec"), over("tedrec", "no-tcd"), "mealrec-paper", FIRST_STATE}
    assert all(map(is_ours, ours))
    others = {"popularity", "itemknn", "sasrec", "cl4srec", "tedrec"}
    controls = {f"{backbone}-{form}" for backbone in BACKBONES for form in ("content", "guided")}
    guided = {name for name in SYSTEMS if name.endswith("-guided")}
    assert set(rivals([*SYSTEMS, FIRST_STATE])) == others | controls | guided | set(baselines.names())
    assert {over("sasrec"), over("tedrec", "no-tcd")} == {"mealrec", "mealrec-tedrec-no-tcd"}


def test_a_table_of_changed_trainings_says_so_on_top():
    assert table2.changed_text(()) == ""
    assert "`training.max_epochs=3`" in table2.changed_text(("training.max_epochs=3",))


def test_validation_picks_the_backbone_that_mealrec_stands_on():
    trained = {
        "tedrec-guided": [{"validation_N@10": 0.9}],
        "mealrec": [{"validation_N@10": 0.2}, {"validation_N@10": 0.3}],
        "mealrec-tedrec": [{"validation_N@10": 0.4}, {"validation_N@10": 0.2}],
    }
    assert table2.picked(trained) == "mealrec-tedrec"
    assert "mealrec 0.2500, mealrec-tedrec 0.3000" in table2.picked_text("mealrec-tedrec", trained)
    assert table2.picked({"sasrec": trained["mealrec"]}) == "mealrec"
