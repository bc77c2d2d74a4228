import pytest
import torch
from torch.nn.functional import normalize

from vfal.core.errors import DataError
from vfal.methods.self_lifting import SelfLifting

from .small_models import (
    PEOPLE,
    TRACKED,
    TRACKS,
    make,
    track_batch,
    track_inputs,
    track_items,
    unmoved_by_media,
)

ROWS = [
    "self_lifting",
    "self_lifting_from_ccae",
    "self_lifting_from_barlow",
    "ccae",
    "deep_cluster",
    "barlow",
]
FEW = {"clusters": PEOPLE, "dropout": 0.0}


def made(row: str = "self_lifting", **changes: object) -> SelfLifting:
    method = make(row, **TRACKED, **(FEW | changes))
    assert isinstance(method, SelfLifting)
    return method


def test_tracks_of_one_person_share_a_pseudo_label_without_anybody_saying_so() -> None:
    method = made()
    best = 0.0
    for seed in range(5):  # k-means depends on where it starts
        torch.manual_seed(seed)
        label_T = method.cluster(track_items())
        together_TT = label_T[:, None] == label_T[None, :]
        same_TT = (torch.arange(TRACKS) % PEOPLE)[:, None] == (torch.arange(TRACKS) % PEOPLE)[None, :]
        best = max(best, float((together_TT == same_TT).float().mean()))
    assert best == 1.0


def test_a_track_is_clustered_by_the_mean_embeddings_of_its_voices_and_faces() -> None:
    method = made(clusters=TRACKS, least_tracks_per_cluster=1).eval()
    with torch.no_grad():
        voices_ND, faces_ND = (
            method.embed_voices(track_inputs("voice")),
            method.embed_faces(track_inputs("face")),
        )
        heard_TD = method._of_tracks(track_items(), "voice")
        seen_TD = method._of_tracks(track_items(), "face")
    torch.testing.assert_close(heard_TD, voices_ND.view(2, TRACKS, -1).mean(0))
    torch.testing.assert_close(seen_TD, faces_ND.view(2, TRACKS, -1).mean(0))


def test_deep_cluster_embeds_the_normalised_mean_of_a_tracks_inputs() -> None:
    method = made("deep_cluster").eval()
    mean_TD = normalize(track_inputs("voice").view(2, TRACKS, -1).mean(0), dim=1)
    with torch.no_grad():
        torch.testing.assert_close(method._of_tracks(track_items(), "voice"), method.embed_voices(mean_TD))


def test_tracks_are_clustered_every_few_passes_and_not_in_between() -> None:
    method = made(cluster_every_passes=2)
    every = 2 * track_items().steps_per_pass
    clustered = []
    for step in range(3 * every):
        method.pseudo_label_T.fill_(0)
        method.refresh(step, track_items())
        clustered.append(len(method.pseudo_label_T.unique()) > 1)
    assert [step for step, done in enumerate(clustered) if done] == [0, every, 2 * every]


@pytest.mark.parametrize("start", ["ccae", "barlow"])
def test_with_a_start_the_coarse_model_comes_first_and_the_first_clustering_after_it(start: str) -> None:
    method = made(f"self_lifting_from_{start}", start_steps=4)
    before_T = method.pseudo_label_T.clone()
    method.refresh(3, track_items())
    assert torch.equal(method.pseudo_label_T, before_T)
    assert [method.objective_at(step) for step in (0, 3, 4)] == [start, start, "multi_similarity"]
    method.refresh(4, track_items())
    assert not torch.equal(method.pseudo_label_T, before_T)


def test_clusters_keep_their_numbers_when_tracks_are_clustered_anew() -> None:
    method = made("deep_cluster")
    method.refresh(0, track_items())
    torch.manual_seed(123)
    again_T = method.cluster(track_items())  # by chance in another order
    first_T = method.pseudo_label_T.clone()
    method.refresh(0, track_items())
    kept = (method.pseudo_label_T == first_T).float().mean()
    assert kept > 0.5 and kept >= (again_T == first_T).float().mean()


def test_there_are_never_more_clusters_than_tracks_can_fill() -> None:
    assert made(clusters=1000, least_tracks_per_cluster=3).clusters == TRACKS // 3
    assert made(clusters=4, least_tracks_per_cluster=3).clusters == 4


def test_clustering_leaves_dropout_and_gradients_alone() -> None:
    method = made(dropout=0.5).train()
    torch.manual_seed(0)
    first_T = method.cluster(track_items())
    torch.manual_seed(0)
    assert torch.equal(method.cluster(track_items()), first_T)
    assert method.training and all(parameter.grad is None for parameter in method.parameters())


def test_a_method_without_need_of_tracks_would_not_be_told_them() -> None:
    with pytest.raises(DataError, match="'video'"):
        made().cluster(track_items(needs=frozenset()))


def test_the_pair_error_is_a_term_of_its_own_where_it_is_asked_for() -> None:
    ((_, terms),) = made(pair_error=0.5).turns(track_batch(0), 0)
    assert set(terms.losses) == {"multi_similarity", "pair_error"}
    ((_, plain),) = made().turns(track_batch(0), 0)
    assert set(plain.losses) == {"multi_similarity"}


@pytest.mark.parametrize("row", ROWS)
def test_a_step_from_recordings_and_pictures_moves_the_encoders(row: str) -> None:
    assert unmoved_by_media(row, dropout=0.0) == []
