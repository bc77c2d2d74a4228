import pandas as pd
import pytest

from vfal.core.config.machine import IdentityCounts
from vfal.core.errors import ConfigError
from vfal.core.types import SPLITS
from vfal.data.splits import in_heard_language, split_identities, with_both

COUNTS = IdentityCounts(pretrain=5, train=10, val=3, test=4)


def people(count: int) -> pd.DataFrame:
    return pd.DataFrame({"identity": [f"id{10001 + row}" for row in range(count)], "gender": "f"})


def test_splits_have_the_sizes_asked_for_and_share_nobody() -> None:
    taken = split_identities(people(30), COUNTS, seed=1)
    assert taken["split"].value_counts().to_dict() == {"pretrain": 5, "train": 10, "val": 3, "test": 4}
    assert taken["identity"].is_unique and taken["identity"].is_monotonic_increasing
    assert list(taken) == ["identity", "gender", "split"]


def test_another_seed_splits_otherwise_and_the_same_seed_alike() -> None:
    first, again, other = (split_identities(people(30), COUNTS, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


def test_the_order_of_the_table_does_not_matter() -> None:
    shuffled = people(30).sample(frac=1, random_state=0, ignore_index=True)
    pd.testing.assert_frame_equal(
        split_identities(people(30), COUNTS, seed=1), split_identities(shuffled, COUNTS, seed=1)
    )


def test_a_split_of_nobody_is_allowed_where_the_counts_allow_it() -> None:
    none = IdentityCounts(pretrain=0, train=1, val=1, test=1)
    assert set(split_identities(people(3), none, seed=1)["split"]) == set(SPLITS) - {"pretrain"}


def test_people_join_splits_without_regard_to_where_they_stand_in_the_corpus() -> None:
    everybody = pd.concat(
        [split_identities(people(30), COUNTS, seed=seed) for seed in range(200)], ignore_index=True
    )
    share = (everybody["split"] == "train").groupby(everybody["identity"]).mean()
    assert share.between(10 / 22 - 0.2, 10 / 22 + 0.2).all()


def test_fewer_people_than_asked_for_are_refused_by_the_key() -> None:
    with pytest.raises(ConfigError, match=r"prepare.identities: asks for 22 identities, the corpus has 21"):
        split_identities(people(21), COUNTS, seed=1)


def test_people_without_a_usable_file_of_either_kind_are_not_split() -> None:
    clips = pd.DataFrame({"identity": ["a", "b", "c"], "problem": ["", "", "empty file: 0 bytes"]})
    faces = pd.DataFrame({"identity": ["a", "c"], "problem": ["", ""]})
    everybody = pd.DataFrame({"identity": ["a", "b", "c"]})
    assert with_both(everybody, clips, faces)["identity"].tolist() == ["a"]


def test_only_test_people_are_met_in_a_language_that_is_not_heard() -> None:
    people = pd.DataFrame({"identity": ["a", "b"], "split": ["train", "test"]})
    items = pd.DataFrame({"identity": ["a", "a", "b", "b"], "language": ["English", "Urdu"] * 2})
    heard = in_heard_language(items, people, "English")
    assert heard.values.tolist() == [["a", "English"], ["b", "English"], ["b", "Urdu"]]
    with pytest.raises(ConfigError, match=r"heard_language: nothing .* in 'Hindi'; found English, Urdu"):
        in_heard_language(items, people, "Hindi")


def test_somebody_who_withdrew_leaves_a_gap_into_which_nobody_moves() -> None:
    everybody = split_identities(people(30), COUNTS, seed=1)
    gone = everybody.loc[everybody["split"] == "train", "identity"].iloc[0]
    left = people(30)[lambda table: table["identity"] != gone]
    expected = everybody[everybody["identity"] != gone].reset_index(drop=True)
    pd.testing.assert_frame_equal(split_identities(left, COUNTS, seed=1, withdrawn=[gone]), expected)


def test_people_with_a_known_split_keep_it_whoever_else_comes() -> None:
    first = split_identities(people(30), COUNTS, seed=1)
    known = dict(zip(first["identity"], first["split"], strict=True))
    grown = split_identities(people(60), COUNTS, seed=1, known=known)
    assert len(grown) == 60
    splits = dict(zip(grown["identity"], grown["split"], strict=True))
    assert {name: splits[name] for name in known} == known


def test_a_newcomer_gets_the_same_split_whoever_else_comes() -> None:
    known = {people(30)["identity"][0]: "test"}
    some, all_of_them = (split_identities(people(size), COUNTS, seed=1, known=known) for size in (20, 60))
    of_all = dict(zip(all_of_them["identity"], all_of_them["split"], strict=True))
    assert [of_all[name] for name in some["identity"]] == some["split"].tolist()


def test_newcomers_are_dealt_in_the_proportions_of_the_counts() -> None:
    known = {people(1)["identity"][0]: "test"}
    dealt = split_identities(people(4000), COUNTS, seed=1, known=known)["split"].value_counts(normalize=True)
    for split in SPLITS:
        assert dealt.get(split, 0.0) == pytest.approx(getattr(COUNTS, split) / COUNTS.total, abs=0.03)


def test_who_was_left_out_stays_out() -> None:
    first, second = people(2)["identity"]
    taken = split_identities(people(2), COUNTS, seed=1, known={first: "left_out", second: "val"})
    assert taken["identity"].tolist() == [second]
