"""Numbers of combined groups, by attribute and by language, against plain loops over the same trials."""

import numpy as np
import pytest

from vfal.core.config.protocols import TrialSettings
from vfal.core.types import DIRECTIONS
from vfal.data.trials import make_trials
from vfal.metrics import eer
from vfal.protocol import Evaluation

from .world import World

COMBINED = {
    "same_age": ["age_band"],
    "same_gender+same_nationality": ["gender", "nationality"],
    "same_gender+same_nationality+same_age": ["gender", "nationality", "age_band"],
}


@pytest.fixture(scope="module")
def aged() -> tuple[World, Evaluation]:
    """Forty people of two age bands, whom every group divides; numbers by each of their attributes."""
    world = World(count=40)
    rows = np.arange(40)
    world.people["nationality"] = [f"land {row}" for row in rows // 2 % 2]
    world.people["age_band"] = np.where(rows // 4 % 2, "under 40", "over 40")
    world.people.loc[3, "age_band"] = ""  # not known: neither asks nor is asked for
    settings = TrialSettings(
        groups=tuple(COMBINED),
        queries_per_probe=2,
        candidates=3,
        joint_queries_per_identity=2,
        joint_means=(),
    )
    world.trials = make_trials(
        world.people, world.clips, world.faces, split="test", seed=1, settings=settings
    )
    found = world.evaluate(
        "matching", "verification", "retrieval", matching_sizes=(2,), groups=tuple(COMBINED),
        breakdown=("gender", "nationality", "age_band"), recall_at=(1,),
    )  # fmt: skip
    return world, found


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("group", COMBINED)
def test_age_bands_and_combined_groups_ask_within_their_cell_and_break_down_by_attribute(
    aged, direction, group
):
    world, found = aged
    (probe, owner), (gallery, other) = world.sides(direction)
    people = world.people.set_index("identity")
    rows = world.part("matching", direction, group)
    cell = people[COMBINED[group]].apply(tuple, axis=1)
    credit = []
    for _, row in rows.iterrows():
        candidates = [row["candidate_0"], row["candidate_1"]]
        assert {cell[owner[row["probe"]]]} == {cell[other[item]] for item in candidates}
        scores = [probe[row["probe"]] @ gallery[item] for item in candidates]
        credit.append(float(scores[0] > scores[1]))
    credit, asking = np.array(credit), rows["probe"].map(owner)
    assert "id03" not in set(asking) or "age" not in group
    name = f"matching_1_2/{direction}/{group}"
    assert found.records[f"{name}/accuracy"]["value"] == pytest.approx(credit.mean(), abs=1e-12)
    for attribute in ("gender", "nationality", "age_band"):
        values = asking.map(people[attribute])
        for value in set(values) - {""}:
            record = found.records[f"{name}:{attribute}={value}/accuracy"]
            assert record["value"] == pytest.approx(credit[(values == value).to_numpy()].mean(), abs=1e-12)
            assert record["trials"] == (values == value).sum() and record["binomial_low"] < record["value"]
            for metric in (f"verification/{direction}/{group}:{attribute}={value}/min_dcf",
                           f"retrieval/{direction}/{group}:{attribute}={value}/map"):  # fmt: skip
                assert metric in found.records


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_unheard_language_is_verification_by_the_language_of_the_voice_and_the_mean(direction):
    world = World(count=40)
    world.clips["language"] = np.where(world.clips["clip"] % 2, "Urdu", "English")
    world.trials = make_trials(
        world.people, world.clips, world.faces, split="test", seed=1,
        settings=TrialSettings(
            groups=("all",), queries_per_probe=2, candidates=2, joint_queries_per_identity=2, joint_means=()
        ),
    )  # fmt: skip
    found = world.evaluate("unheard_language", groups=("all",), heard_languages=("Urdu",))
    language_of = dict(zip(world.clips["clip"], world.clips["language"], strict=True))
    (probe, _), (gallery, _) = world.sides(direction)
    rows = world.part("verification", direction, "all")
    spoken = rows["probe" if direction == "v2f" else "candidate"].map(language_of)
    errors = []
    for language, heard in (("English", "unheard"), ("Urdu", "heard")):
        some = rows[(spoken == language).to_numpy()]
        scores = np.array(
            [probe[a] @ gallery[b] for a, b in zip(some["probe"], some["candidate"], strict=True)]
        )
        errors.append(eer(scores, some["same"].to_numpy(dtype=bool)))
        record = found.records[f"unheard_language_{heard}_{language}/{direction}/all/eer"]
        assert record["value"] == pytest.approx(errors[-1], abs=1e-12) and record["trials"] == len(some)
    mean = found.records[f"unheard_language/{direction}/all/eer"]["value"]
    assert mean == pytest.approx(np.mean(errors), abs=1e-12)
