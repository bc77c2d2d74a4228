import numpy as np
import pandas as pd
import pytest

from vfal.core.config.protocols import TrialSettings
from vfal.core.errors import DataError
from vfal.core.types import DIRECTIONS, GROUPS
from vfal.data.trials import make_trials

SETTINGS = TrialSettings(queries_per_probe=3, candidates=5, joint_queries_per_identity=6, joint_means=(1, 3))
COLUMN = {"same_gender": "gender", "same_nationality": "nationality"}


class World:
    def __init__(self, people: int = 24, clips_each: int | None = None) -> None:
        rng = np.random.default_rng(0)
        names = [f"id{row:03d}" for row in range(people)]
        self.identities = pd.DataFrame(
            {
                "identity": names,
                "name": names,
                "gender": ["m", "f"] * (people // 2),
                "nationality": [f"land {row % 3}" for row in range(people)],
                "split": ["test"] * (people - 8) + ["train"] * 8,
            }
        )
        counts = np.full(people, clips_each) if clips_each else rng.integers(3, 12, people)
        self.clips = pd.DataFrame(
            {"clip": 1000 + np.arange(counts.sum()), "identity": np.repeat(names, counts)}
        )
        pictures = rng.integers(3, 9, people)
        self.faces = pd.DataFrame({"face": np.arange(pictures.sum()), "identity": np.repeat(names, pictures)})

    def trials(self, **changes) -> dict[str, pd.DataFrame]:
        settings = SETTINGS.model_copy(update=changes)
        return make_trials(self.identities, self.clips, self.faces, split="test", seed=9, settings=settings)

    def owners(self, table: pd.DataFrame, column: str) -> pd.Series:
        voice = dict(zip(self.clips["clip"], self.clips["identity"], strict=True))
        face = dict(zip(self.faces["face"], self.faces["identity"], strict=True))
        probe_is_voice = table["direction"] == "v2f"
        is_voice = probe_is_voice if column == "probe" else ~probe_is_voice
        return table[column].map(voice).where(is_voice, table[column].map(face))

    def people(self, table: pd.DataFrame) -> pd.DataFrame:
        columns = [name for name in table if name == "probe" or name.startswith("candidate")]
        return pd.DataFrame({name: self.owners(table, name) for name in columns})


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def trials(world) -> dict[str, pd.DataFrame]:
    return world.trials()


def test_every_item_of_the_split_asks_three_times(world, trials):
    split = set(world.identities.query("split == 'test'")["identity"])
    for table in (trials["matching"], trials["verification"]):
        assert table.groupby(["direction", "group"]).ngroups == len(DIRECTIONS) * len(GROUPS)
        for (direction, _), rows in table.groupby(["direction", "group"]):
            items, number = (world.clips, "clip") if direction == "v2f" else (world.faces, "face")
            own = items.loc[items["identity"].isin(split), number]
            assert rows["probe"].value_counts().to_dict() == dict.fromkeys(own, 3)


def test_the_right_candidate_stands_first_and_others_are_different_people(world, trials):
    people = world.people(trials["matching"])
    assert (people["probe"] == people["candidate_0"]).all()
    candidates = people.filter(like="candidate")
    assert (candidates.nunique(axis=1) == candidates.notna().sum(axis=1)).all()


def test_labels_are_equality_of_identities(world, trials):
    people = world.people(trials["verification"])
    assert ((people["probe"] == people["candidate"]) == trials["verification"]["same"]).all()
    assert 0.45 < trials["verification"]["same"].mean() < 0.55


@pytest.mark.parametrize("name", ["matching", "verification", "joint_matching"])
def test_no_trial_leaves_its_split_or_its_group(world, trials, name):
    facts = world.identities.set_index("identity")
    people = world.people(trials[name])
    for column in people:
        known = people[column].notna()
        assert (people.loc[known, column].map(facts["split"]) == "test").all()
        for group, fact in COLUMN.items():
            inside = known & (trials[name]["group"] == group)
            assert (
                people.loc[inside, column].map(facts[fact]) == people.loc[inside, "probe"].map(facts[fact])
            ).all()


def test_impostors_come_in_proportion_to_their_clips(world):
    trials = world.trials(queries_per_probe=200)["verification"]
    split = world.identities.query("split == 'test'")["identity"]
    clips = world.clips["identity"].value_counts().loc[split]
    for direction in DIRECTIONS:
        table = trials[(trials["direction"] == direction) & (trials["group"] == "all") & ~trials["same"]]
        probe, wrong = world.owners(table, "probe"), world.owners(table, "candidate")
        expected = pd.Series(0.0, index=split)
        for who, count in probe.value_counts().items():
            others = clips.drop(who)
            expected = expected.add(count * others / others.sum(), fill_value=0)
        seen = wrong.value_counts().reindex(split, fill_value=0)
        # 15 degrees of freedom: 37.7 is the 0.1 % point
        assert ((seen - expected) ** 2 / expected).sum() < 37.7
        uniform = len(table) / len(split)
        assert ((seen - uniform) ** 2 / uniform).sum() > 100


def test_items_of_a_person_are_drawn_evenly(world):
    table = world.trials(queries_per_probe=200)["matching"].query("direction == 'v2f' and group == 'all'")
    drawn = table["candidate_0"].astype(int).value_counts()
    owner = world.faces.set_index("face")["identity"]
    expected = drawn.groupby(owner).transform("mean").reindex(drawn.index)
    assert ((drawn - expected) ** 2 / expected).sum() / len(drawn) < 1.5


def test_a_joint_trial_averages_different_items_of_one_person(world, trials):
    table = trials["joint_matching"]
    people = world.people(table)
    assert (people["probe"] == people["candidate_0"]).all()
    assert (people["probe"] != people["candidate_1"]).all()
    for (_, _, mean_of, _), rows in table.groupby(["direction", "group", "mean_of", "trial"]):
        assert sorted(rows["draw"]) == list(range(mean_of))
        for column in ("probe", "candidate_0", "candidate_1"):
            assert rows[column].nunique() == mean_of
            assert set(people.loc[rows.index, column]) == {people.loc[rows.index[0], column]}
    asked = table.query("direction == 'v2f' and group == 'all' and mean_of == 3 and draw == 0")
    assert (world.owners(asked, "probe").value_counts() == 6).all()


def test_lists_depend_on_the_seed_and_not_on_the_order_of_tables(world, trials):
    again = World()
    again.clips = again.clips.sample(frac=1, random_state=1)
    again.faces = again.faces.sample(frac=1, random_state=2)
    again.identities = again.identities.sample(frac=1, random_state=3)
    for name, table in again.trials().items():
        pd.testing.assert_frame_equal(table, trials[name])
    other = make_trials(world.identities, world.clips, world.faces, split="test", seed=10, settings=SETTINGS)
    assert not other["matching"].equals(trials["matching"])


def test_a_group_with_few_people_leaves_places_empty(world):
    small = World()
    small.identities.loc[small.identities.index[3:], "nationality"] = "land far"
    table = small.trials()["matching"].query("group == 'same_nationality'")
    near = small.people(table)["probe"].isin(["id000", "id001", "id002"])
    # id000..id002 live in three lands alone: they ask nothing, and nobody is asked about them
    assert not near.any()
    small.identities.loc[:2, "nationality"] = "land near"
    table = small.trials()["matching"].query("group == 'same_nationality'")
    near = small.people(table)["probe"].isin(["id000", "id001", "id002"])
    places = table.filter(like="candidate").notna().sum(axis=1)
    assert (places[near] == 3).all()
    assert (places[~near] == 5).all()


def test_people_without_a_voice_or_a_face_take_no_part(world):
    mute = World()
    mute.clips = mute.clips[mute.clips["identity"] != "id004"]
    mute.faces = mute.faces[mute.faces["identity"] != "id005"]
    for table in mute.trials().values():
        people = mute.people(table)
        assert not people.isin(["id004", "id005"]).any(axis=None)


def test_the_last_person_may_be_without_items_while_places_stay_empty():
    faceless = World()
    faceless.faces = faceless.faces[faceless.faces["identity"] != "id015"]
    table = faceless.trials(candidates=20)["matching"]
    assert table["candidate_15"].isna().all() and not (faceless.people(table) == "id015").any(axis=None)


def test_people_of_unknown_gender_are_in_no_gender_group(world):
    unknown = World()
    unknown.identities.loc[0, "gender"] = "u"
    table = unknown.trials()["matching"]
    people = unknown.people(table)
    assert not (people[table["group"] == "same_gender"] == "id000").any(axis=None)
    assert (people[table["group"] == "all"] == "id000").any(axis=None)


def test_a_split_with_one_complete_person_is_refused(world):
    lonely = World()
    lonely.clips = lonely.clips[lonely.clips["identity"] == "id001"]
    with pytest.raises(DataError, match="split test: 1 of 16 identities have both clips and faces"):
        lonely.trials()
