"""The registry: what can be named, and that every trained name has its recipe."""

from __future__ import annotations

import pytest

from mealrec.baselines import base as baselines
from mealrec.errors import DataFormatError
from mealrec.experiments.exhibits import table2
from mealrec.experiments.systems import FIRST_STATE, FORMS, SYSTEMS, chosen, is_ours, over, rivals
from mealrec.training.recipes import microlens

SHAPE = {"num_items": 9, "visual_width": 4, "text_width": 4, "num_frames": 3}


def test_every_trained_system_has_a_recipe_and_every_recipe_a_system():
    recipes = [recipe.name for recipe in microlens(SHAPE, 3)]
    assert sorted(recipes) == sorted(name for name, system in SYSTEMS.items() if system.scorer is None)
    assert len(set(recipes)) == len(recipes)


def test_a_recipe_keeps_the_seed():
    assert all(recipe.training.seed == 3 for recipe in microlens(SHAPE, 3))


def test_names_are_chosen_in_the_registrys_order():
    assert chosen("mealrec, popularity") == ("popularity", "mealrec")
    assert chosen("everything") == tuple(SYSTEMS)
    with pytest.raises(DataFormatError, match="got gru4rec"):
        chosen("sasrec,gru4rec")


def test_all_names_the_eleven_of_table_2_with_lines_and_controls():
    published = {"sasrec", "cl4srec", "tedrec", *baselines.names()} - FORMS
    assert len(published) == 10 and {"morec_end_to_end"} == FORMS
    assert {"mealrec", "popularity", "itemknn", "sasrec-content"} | published < set(chosen("all"))
    assert not FORMS & {*chosen("all"), *table2.DEFAULT} and set(chosen("everything")) > FORMS
    assert [name for name in chosen("all") if is_ours(name)] == ["mealrec"]


def test_no_form_of_mealrec_is_its_own_rival():
    ours = {over("sasrec"), over("tedrec", "no-tcd"), "mealrec-last", FIRST_STATE}
    assert all(map(is_ours, ours))
    others = {"popularity", "itemknn", "sasrec", "cl4srec", "tedrec"}
    controls = {"sasrec-content", "cl4srec-content", "tedrec-content"}
    assert set(rivals([*SYSTEMS, FIRST_STATE])) == others | controls | set(baselines.names())
    assert {over("sasrec"), over("tedrec", "no-tcd")} == {"mealrec", "mealrec-tedrec-no-tcd"}
