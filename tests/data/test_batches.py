from collections import Counter

import numpy as np
import pytest
import torch

from vfal.core.errors import DataError
from vfal.data.batches import IdentityBatches, RowsByIdentity
from vfal.data.inputs import FeatureInputs

CPU = torch.device("cpu")
IDENTITIES = [f"id{row}" for row in range(10)]
VOICE_OWNERS = [name for row, name in enumerate(IDENTITIES) for _ in range(1 + row % 3)]
FACE_OWNERS = [name for name in reversed(IDENTITIES) for _ in range(2)]


def source(owners: list[str], kind: str) -> tuple[FeatureInputs, RowsByIdentity]:
    """Features whose only value is the row's own number."""
    rows = np.arange(len(owners), dtype=np.float32)[:, None]
    return FeatureInputs(rows), RowsByIdentity(owners, IDENTITIES, kind)


def batches(batch: int = 4, views: int = 1, seed: int = 1, stream: str = "train") -> IdentityBatches:
    return IdentityBatches(
        {"voice": source(VOICE_OWNERS, "voice"), "face": source(FACE_OWNERS, "face")},
        len(IDENTITIES),
        batch_identities=batch,
        views=views,
        seed=seed,
        stream=stream,
    )


def rows_of(drawn: IdentityBatches, step: int) -> tuple[list[int], list[int], list[int]]:
    batch = drawn.draw(step, CPU)
    assert batch.voices is not None and batch.faces is not None and batch.voices.identity_B is not None
    return (
        batch.voices.identity_B.tolist(),
        batch.voices.inputs[:, 0].int().tolist(),
        batch.faces.inputs[:, 0].int().tolist(),
    )


def test_nobody_is_twice_in_a_batch_and_both_sides_of_a_row_are_one_person() -> None:
    for step in range(20):
        identity_B, voices, faces = rows_of(batches(), step)
        assert len(set(identity_B)) == 4
        assert [VOICE_OWNERS[row] for row in voices] == [IDENTITIES[code] for code in identity_B]
        assert [FACE_OWNERS[row] for row in faces] == [IDENTITIES[code] for code in identity_B]


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    drawn = batches()
    wanted = rows_of(drawn, 17)
    for step in (3, 99, 0):
        rows_of(drawn, step)
    assert rows_of(drawn, 17) == wanted == rows_of(batches(), 17)
    assert rows_of(batches(seed=2), 17) != wanted
    assert rows_of(batches(stream="other"), 17) != wanted


def test_a_pass_meets_nobody_twice_and_leaves_out_what_fills_no_batch() -> None:
    drawn = batches(batch=4)
    assert drawn.steps_per_pass == 2
    for turn in range(5):
        met = [code for step in (2 * turn, 2 * turn + 1) for code in drawn.identities_of(step)]
        assert len(set(met)) == 8
    assert len({tuple(drawn.identities_of(2 * turn)) for turn in range(5)}) == 5


def test_everybody_and_every_item_is_met_equally_often() -> None:
    drawn = batches()
    people: Counter[int] = Counter()
    voices: Counter[int] = Counter()
    for step in range(2000):
        identity_B, rows, _ = rows_of(drawn, step)
        people.update(identity_B)
        voices.update(rows)
    assert all(720 < people[code] < 880 for code in range(10))
    for row, owner in enumerate(VOICE_OWNERS):
        share = voices[row] / people[IDENTITIES.index(owner)]
        assert share == pytest.approx(1 / VOICE_OWNERS.count(owner), abs=0.08)


def test_views_are_several_items_of_each_person() -> None:
    identity_B, _, _ = rows_of(batches(batch=5, views=3), 0)
    assert len(identity_B) == 15 and set(Counter(identity_B).values()) == {3}


def test_a_modality_that_is_left_out_is_not_in_the_batch() -> None:
    drawn = IdentityBatches(
        {"face": source(FACE_OWNERS, "face")}, 10, batch_identities=4, views=1, seed=1, stream="train"
    )
    batch = drawn.draw(0, CPU)
    assert batch.voices is None and batch.faces is not None


def test_without_needs_the_items_stay_and_the_names_go() -> None:
    batch = batches().draw(0, CPU)
    bare = batch.for_needs(())
    for bag, before in ((bare.voices, batch.voices), (bare.faces, batch.faces)):
        assert bag is not None and before is not None
        assert bag.identity_B is None and bag.inputs is before.inputs


def test_fewer_people_than_a_batch_are_refused() -> None:
    with pytest.raises(DataError, match=r"10 identities are fewer than a batch of 11; lower the batch size"):
        batches(batch=11)


def test_a_batch_of_everybody_is_possible() -> None:
    assert sorted(batches(batch=10).identities_of(3)) == list(range(10))


def test_people_without_an_item_are_refused_by_name() -> None:
    owners = [name for name in VOICE_OWNERS if name not in ("id4", "id7")]
    with pytest.raises(DataError, match=r"2 identities have no usable voice \(id4, id7\)"):
        RowsByIdentity(owners, IDENTITIES, "voice")


def test_items_of_people_outside_the_split_are_never_drawn() -> None:
    rows = RowsByIdentity(["x", "id0", "y", "id1", "id0"], ["id0", "id1"], "voice")
    drawn = rows.draw(np.zeros(1000, dtype=np.int64), np.random.default_rng(0))
    assert set(rows.rows[drawn]) == {1, 4}
