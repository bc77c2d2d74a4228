import pytest

from vfal.core.errors import ConfigError
from vfal.core.shelf import nearest, take_down

SHELF = {"ordered": "collections:OrderedDict", "absent": "collections.nowhere:Nothing"}


def test_an_entry_is_imported_when_it_is_taken_down() -> None:
    assert take_down(SHELF, "ordered", "shelf")().__class__.__name__ == "OrderedDict"


def test_an_unknown_name_is_refused_with_its_key_and_the_nearest_entry() -> None:
    with pytest.raises(ConfigError, match=r"collect.dataset: unknown name 'orderd'. Did you mean 'ordered'?"):
        take_down(SHELF, "orderd", "collect.dataset")


def test_a_word_like_none_of_them_is_answered_with_all_of_them() -> None:
    assert nearest("zzz", SHELF) == "Known: ordered, absent."
