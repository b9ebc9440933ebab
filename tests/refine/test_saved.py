"""Recipes by name survive being stored; damaged ones are named."""

import json

import pytest

from seggui.errors import BadRequest
from seggui.refine.recipe import parse
from seggui.refine.saved import (
    BUILT_IN,
    SavedRecipe,
    recipes_from_json,
    recipes_to_json,
)


def test_own_recipes_survive_json_and_built_in_ones_are_left_out():
    own = (
        SavedRecipe("Leaves", parse("crf:sxy=40,fill:99")),
        SavedRecipe("Straße ✓", parse("")),
    )
    stored = json.loads(json.dumps(recipes_to_json((*BUILT_IN, *own))))
    assert recipes_from_json(stored) == own


def test_built_in_recipes_have_different_names_and_do_something():
    assert len({saved.name for saved in BUILT_IN}) == len(BUILT_IN)
    assert all(saved.recipe.steps for saved in BUILT_IN)


@pytest.mark.parametrize(
    ("stored", "says"),
    [
        ({"name": "a", "recipe": "fill"}, "must be a list"),
        ([3], "both texts"),
        ([{"name": "a"}], "both texts"),
        ([{"name": "a", "recipe": "fly"}], "recipe 'a' cannot be used.*'fly'"),
        ([{"name": " ", "recipe": "fill"}], "needs a name"),
        ([{"name": "a", "recipe": ""}] * 2, "Two saved recipes"),
    ],
)
def test_what_is_no_saved_recipe_is_refused(stored, says):
    with pytest.raises(BadRequest, match=says):
        recipes_from_json(stored)
