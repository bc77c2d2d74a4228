"""The shelf of published rules by which lists are drawn: one line per entry."""

from vfal.core.shelf import take_down
from vfal.lists.recipe import Recipe

SHELF = {
    "ssos": "vfal.lists.recipes.ssos:Ssos",
    "cmpc": "vfal.lists.recipes.cmpc:Cmpc",
    "pins": "vfal.lists.recipes.pins:Pins",
    "svhf": "vfal.lists.recipes.svhf:Svhf",
}


def get_recipe(name: str) -> Recipe:
    """The rule of that name."""
    entry: type[Recipe] = take_down(SHELF, name, "--rule")
    return entry()
