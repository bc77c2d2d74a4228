import torch
from torch.nn.functional import normalize

from vfal.methods.gmod import MinedPositives
from vfal.nn.neighbours import nearest

from .small_models import TRACKED, TRACKS, make, track_batch, track_inputs, track_items, unmoved_by_media

SOON = {"first_mining_passes": 1, "mine_every_passes": 1, "neighbours_steps": 12, "dropout": 0.0}
PASS = 3  # steps


def made(**changes: object) -> MinedPositives:
    method = make("gmod", **TRACKED, **(SOON | changes))
    assert isinstance(method, MinedPositives)
    return method


def test_before_anything_is_mined_a_tracks_only_positive_is_itself() -> None:
    method, track_B = made(), torch.tensor([4, 9, 0])
    method.refresh(0, track_items())
    assert torch.equal(method.positives(track_B, 0), torch.eye(3, dtype=torch.bool))


def test_mined_positives_are_the_nearest_faces_of_a_tracks_voice() -> None:
    method = made().eval()
    method.refresh(PASS, track_items())
    with torch.no_grad():
        heard_TD = method.embed_voices(track_inputs("voice")).view(2, TRACKS, -1).mean(0)
        seen_TD = method.embed_faces(track_inputs("face")).view(2, TRACKS, -1).mean(0)
    sims_TT = normalize(heard_TD, dim=1) @ normalize(seen_TD, dim=1).T
    track_B = torch.arange(TRACKS)
    count = method.neighbours(6)
    positive_BB = method.positives(track_B, 6)
    assert positive_BB.sum(1).tolist() == [count] * TRACKS
    for sims_T, positive_B in zip(sims_TT, positive_BB, strict=True):
        assert sims_T[positive_B].min() >= sims_T[~positive_B].max() - 1e-6


def test_fewer_neighbours_count_as_steps_go_on() -> None:
    method = made()
    assert [method.neighbours(step) for step in (0, 6, 12, 1000)] == [20, 14, 8, 8]


def test_parts_that_are_orthogonal_cost_nothing() -> None:
    method = made(orthogonality=1.0)
    ((_, terms),) = method.turns(track_batch(0), 0)
    for modality in ("voice", "face"):
        overlap_B = terms.losses[f"orthogonal_{modality}"]
        assert ((overlap_B >= 0) & (overlap_B <= 1)).all()


def test_nearest_does_not_depend_on_how_many_are_asked_at_once(monkeypatch) -> None:
    torch.manual_seed(0)
    probes_ND, gallery_MD = torch.randn(9, 4), torch.randn(7, 4)
    whole_NK = nearest(probes_ND, gallery_MD, 3)
    monkeypatch.setattr("vfal.nn.neighbours.BLOCK_VALUES", 14)
    assert torch.equal(nearest(probes_ND, gallery_MD, 3), whole_NK)


def test_a_step_from_recordings_and_pictures_moves_the_encoders() -> None:
    assert unmoved_by_media("gmod", dropout=0.0) == []
