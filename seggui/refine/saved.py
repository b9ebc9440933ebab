"""Recipes by name: the built-in ones, and the user's own as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seggui.errors import BadRequest
from seggui.refine.recipe import Recipe, parse


@dataclass(frozen=True, slots=True)
class SavedRecipe:
    """A recipe with the name it is kept under."""

    name: str
    recipe: Recipe
    built_in: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise BadRequest("A saved recipe needs a name.")


BUILT_IN: tuple[SavedRecipe, ...] = tuple(
    SavedRecipe(name, parse(text), built_in=True)
    for name, text in (
        ("Clean up", "drop:50,fill:200"),
        ("One part without holes", "largest,fill:1000000000"),
        ("Smooth outline", "drop:20,fill:50,smooth:3"),
        ("Sharp edges (CRF)", "crf,drop:50,fill:100"),
        ("One mask for each part", "drop:20,split"),
    )
)


def recipes_to_json(recipes: Iterable[SavedRecipe]) -> list[dict[str, str]]:
    """The user's own recipes as they are stored; built-in ones are left out."""
    return [
        {"name": saved.name, "recipe": saved.recipe.text()}
        for saved in recipes
        if not saved.built_in
    ]


def recipes_from_json(stored: object) -> tuple[SavedRecipe, ...]:
    """Read what ``recipes_to_json`` gave; raises ``BadRequest`` naming the recipe."""
    if not isinstance(stored, list):
        raise BadRequest("The saved recipes must be a list.")
    recipes: dict[str, SavedRecipe] = {}
    for row in stored:
        saved = _read(row)
        if saved.name in recipes:
            raise BadRequest(f"Two saved recipes have the name '{saved.name}'.")
        recipes[saved.name] = saved
    return tuple(recipes.values())


def _read(row: object) -> SavedRecipe:
    name = row.get("name") if isinstance(row, dict) else None
    text = row.get("recipe") if isinstance(row, dict) else None
    if not isinstance(name, str) or not isinstance(text, str):
        raise BadRequest("A saved recipe must have a name and a recipe, both texts.")
    try:
        return SavedRecipe(name, parse(text))
    except BadRequest as error:
        raise BadRequest(f"The saved recipe '{name}' cannot be used. {error}") from None
