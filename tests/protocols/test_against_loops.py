"""Every protocol of the shelf against plain loops over the same trials."""

import numpy as np
import pandas as pd
import pytest

from vfal.core.types import DIRECTIONS, GROUPS
from vfal.metrics import chance_average_precision

from .world import SETTINGS, World

CELL = {"all": "everybody", "same_gender": "gender", "same_nationality": "nationality"}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("group", GROUPS)
class TestAgainstLoops:
    def test_matching(self, world, found, direction, group):
        (probe, owner), (gallery, _) = world.sides(direction)
        table = world.part("matching", direction, group)
        for size in SETTINGS.matching_sizes:
            columns = [f"candidate_{place}" for place in range(size)]
            rows = table.dropna(subset=columns)
            credit, ties = [], 0
            for asking, row in zip(rows["probe"], rows[columns].to_numpy(dtype=int), strict=True):
                scores = np.array([np.einsum("d,d->", probe[asking], gallery[item]) for item in row])
                best = np.flatnonzero(scores == scores.max())
                credit.append(1 / len(best) if 0 in best else 0)
                ties += 0 in best and len(best) > 1
            record = found.records[f"matching_1_{size}/{direction}/{group}/accuracy"]
            assert record["value"] == pytest.approx(np.mean(credit), abs=1e-12)
            assert (record["trials"], record["ties"]) == (len(rows), ties)
            assert record["identities"] == rows["probe"].map(owner).nunique()
            assert record["chance"] == 1 / size

    def test_verification(self, world, found, direction, group):
        (probe, _), (gallery, _) = world.sides(direction)
        rows = world.part("verification", direction, group)
        scores = np.array(
            [
                np.einsum("d,d->", probe[a], gallery[b])
                for a, b in zip(rows["probe"], rows["candidate"], strict=True)
            ]
        )
        same = rows["same"].to_numpy(dtype=bool)
        won = [(p > n) + 0.5 * (p == n) for p in scores[same] for n in scores[~same]]
        record = found.records[f"verification/{direction}/{group}/auc"]
        assert record["value"] == pytest.approx(np.mean(won), abs=1e-12)
        assert record["trials"] == len(rows)
        assert record["ties"] == sum(score in set(scores[~same]) for score in scores[same])
        assert record["low"] <= record["value"] <= record["high"]
        assert found.records[f"verification/{direction}/{group}/eer"]["binomial_low"] is None

    def test_retrieval(self, world, found, direction, group):
        (probe, owner), (gallery, whose) = world.sides(direction)
        facts = world.people.assign(everybody=1).set_index("identity").query("split == 'test'")
        cell = facts[CELL[group]]
        precision, hits, chance = [], {1: [], 3: []}, []
        for asking, vector in probe.items():
            if owner[asking] not in facts.index:
                continue
            items = [i for i in gallery if whose[i] in facts.index and cell[whose[i]] == cell[owner[asking]]]
            # rounding differs between a matrix product and a loop; ties must survive it
            scores = {i: round(float(vector @ gallery[i]), 12) for i in items}
            order = sorted(items, key=lambda i: (-scores[i], whose[i] == owner[asking]))
            ranks = [place for place, i in enumerate(order, start=1) if whose[i] == owner[asking]]
            precision.append(np.mean([k / rank for k, rank in enumerate(ranks, start=1)]))
            chance.append(chance_average_precision(np.array([len(ranks)]), np.array([len(items)]))[0])
            for k, hit in hits.items():
                hit.append(ranks[0] <= k)
        record = found.records[f"retrieval/{direction}/{group}/map"]
        assert record["value"] == pytest.approx(np.mean(precision), abs=1e-12)
        assert record["chance"] == pytest.approx(np.mean(chance))
        assert record["trials"] == len(precision)
        for k, hit in hits.items():
            assert found.records[f"retrieval/{direction}/{group}/recall_at_{k}"]["value"] == np.mean(hit)

    def test_joint_matching(self, world, found, direction, group):
        (probe, _), (gallery, _) = world.sides(direction)
        table = world.part("joint_matching", direction, group)
        for mean_of, rows in table.groupby("mean_of"):
            gaps = []
            for _, trial in rows.groupby("trial"):
                asking = np.mean([probe[i] for i in trial["probe"]], axis=0)
                scores = []
                for column in ("candidate_0", "candidate_1"):
                    asked = np.mean([gallery[i] for i in trial[column]], axis=0)
                    scores.append(float(asking @ asked / np.linalg.norm(asked)))
                gaps.append(scores[0] - scores[1])
            record = found.records[f"joint_matching_m{mean_of}/{direction}/{group}/accuracy"]
            # means of coarse vectors tie but for rounding, which may fall either way
            assert np.mean(np.array(gaps) > 1e-12) <= record["value"] <= np.mean(np.array(gaps) > -1e-12)
            assert record["trials"] == len(gaps)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_joint_tasks_may_average_more_voices_than_faces(direction):
    world = World()
    found = world.evaluate("joint_matching", "joint_retrieval")
    pairs = world.evaluate("joint_matching", "joint_retrieval", joint_pairs=((3, 2), (2, 5)))
    (probe, _), (gallery, _) = world.sides(direction)
    asking_of, asked_of = (3, 2) if direction == "v2f" else (2, 3)
    table = world.part("joint_matching", direction, "all").query("mean_of == 3")
    gaps = []
    for _, trial in table.sort_values(["trial", "draw"]).groupby("trial"):
        asking = np.mean([probe[i] for i in trial["probe"].iloc[:asking_of]], axis=0)
        bags = [[gallery[i] for i in trial[f"candidate_{k}"].iloc[:asked_of]] for k in (0, 1)]
        means = [np.mean(bag, axis=0) for bag in bags]
        scores = [float(asking @ mean / np.linalg.norm(mean)) for mean in means]
        gaps.append(scores[0] - scores[1])
    record = pairs.records[f"joint_matching_v3_f2/{direction}/all/accuracy"]
    assert np.mean(np.array(gaps) > 1e-12) <= record["value"] <= np.mean(np.array(gaps) > -1e-12)
    sizes = world.side("voice" if direction == "v2f" else "face")[1]
    people = pd.Series({i: who for i, who in sizes.items() if who < "id16"})
    bags = int((people.value_counts() // asking_of).sum())
    assert pairs.records[f"joint_retrieval_v3_f2/{direction}/all/map"]["trials"] == bags
    assert f"joint_matching_v2_f5/{direction}/all/accuracy" not in pairs.records
    assert any("no trials with m = 5" in note for note in map(str, pairs.notes))
    assert {name: one for name, one in pairs.records.items() if name in found.records} == found.records
