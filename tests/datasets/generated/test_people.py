import numpy as np
import pytest
from pydantic import ValidationError

from vfal.core.config.generated import GeneratedCorpus
from vfal.datasets.generated.names import last_name
from vfal.datasets.generated.people import SHARED_FACTORS, draw_people, truth_table


def many(settings: GeneratedCorpus, **changes: object) -> GeneratedCorpus:
    return settings.model_copy(update={"people": 1_500, **changes})


def test_a_larger_corpus_keeps_the_people_of_a_smaller_one(settings):
    assert draw_people(settings.model_copy(update={"people": 5}), 1)[:3] == draw_people(settings, 1)


def test_another_seed_makes_other_people(settings):
    assert draw_people(settings, 2) != draw_people(settings, 1)


def test_ids_and_names_are_unique_and_look_like_those_of_voxceleb(settings):
    people = draw_people(many(settings), 1)
    assert len({person.identity for person in people}) == len({person.name for person in people}) == 1_500
    assert people[0].identity == "id10001"
    assert all(name.isascii() and len(name.split("_")) == 2 for name in (person.name for person in people))


def test_last_names_last_for_the_largest_corpus():
    assert len({last_name(number, 5) for number in range(9_999)}) == 9_999


def test_the_personalised_share_is_what_was_asked_for(settings):
    share = truth_table(draw_people(many(settings), 1), settings)["personalised"].mean()
    assert abs(share - 0.1) < 0.025


def test_raising_the_share_keeps_who_was_personalised(settings):
    few = draw_people(many(settings), 1)
    more = draw_people(many(settings, personalised_ratio=0.3), 1)
    assert {p.identity for p in few if p.personalised} < {p.identity for p in more if p.personalised}
    assert all(a.face == b.face for a, b in zip(few, more, strict=True))


def test_voice_and_face_of_others_share_sex_nationality_and_factors(settings):
    truth = truth_table(draw_people(many(settings, personalised_ratio=0.0), 1), settings)
    assert (truth["voice_male"] == truth["face_male"]).all()
    agreement = (truth["voice_nationality"] == truth["face_nationality"]).mean()
    assert abs(agreement - (0.85**2 + 0.15**2 / 5)) < 0.04
    for factor in SHARED_FACTORS:
        seen = np.corrcoef(truth[f"voice_{factor}"], truth[f"face_{factor}"])[0, 1]
        assert abs(seen - 1 / (1 + 0.4**2)) < 0.05


def test_the_voice_of_a_personalised_identity_tells_nothing_of_the_face(settings):
    truth = truth_table(draw_people(many(settings, personalised_ratio=1.0), 1), settings)
    assert abs((truth["voice_male"] == truth["face_male"]).mean() - 0.5) < 0.05
    assert abs(np.corrcoef(truth["voice_age"], truth["face_age"])[0, 1]) < 0.1


def test_a_contrary_voice_has_the_other_sex_and_mirrored_factors(settings):
    truth = truth_table(draw_people(many(settings, personalised_ratio=1.0, contrary=True), 1), settings)
    assert (truth["voice_male"] != truth["face_male"]).all()
    assert np.corrcoef(truth["voice_size"], truth["face_size"])[0, 1] < -0.75


def test_a_shortest_clip_longer_than_the_longest_is_refused(settings):
    with pytest.raises(ValidationError, match=r"clip_min_s: 2\.0 is larger than clip_max_s 1\.0"):
        GeneratedCorpus(**settings.model_dump() | {"clip_min_s": 2.0, "clip_max_s": 1.0})
