from pathlib import Path

import pytest
import torch

from vfal.losses.softmax_contrast import softmax_contrast
from vfal.methods.cmpc import CrossModalPrototypeContrast
from vfal.training.loop import Loop, Phase

from ..tiny_params import tiny_params
from .small_models import TRACKED, TRACKS, make, track_batch, track_batches, track_items, unmoved_by_media

SOON = {"first_clustering_passes": 1, "cluster_every_passes": 2, "tracks_per_cluster": (9.0, 6.0, 3.0)}
PASS = 3  # steps


def made(row: str = "cmpc", **changes: object) -> CrossModalPrototypeContrast:
    method = make(row, **TRACKED, **(SOON | changes))
    assert isinstance(method, CrossModalPrototypeContrast)
    return method


def names(method: CrossModalPrototypeContrast, step: int) -> set[str]:
    ((_, terms),) = method.turns(track_batch(step), step)
    return set(terms.losses)


INSTANCES = {"instance_voice", "instance_face"}
PROTOTYPES = {"prototype_voice", "prototype_face"}


def test_before_the_first_clustering_it_is_two_sided_contrast_of_pairs() -> None:
    method, batch = made().eval(), track_batch(0)
    ((_, terms),) = method.turns(batch, 0)
    assert batch.voices is not None and batch.faces is not None
    voices_BD, faces_BD = (
        method.embed_voices(batch.voices.inputs),
        method.embed_faces(batch.faces.inputs),
    )
    for name, sides in [("voice", (voices_BD, faces_BD)), ("face", (faces_BD, voices_BD))]:
        wanted_B = softmax_contrast(
            *sides, offset=1.0, temperature=0.03, normalise_anchors=True, normalise_candidates=True
        )
        torch.testing.assert_close(terms.losses[f"instance_{name}"], wanted_B)


def test_clusters_come_when_the_memories_have_settled_and_last_until_the_next() -> None:
    method = made()
    changed = []
    for step in range(4 * PASS):
        before = method.clustered_at.item()
        method.refresh(step, track_items())
        if method.clustered_at.item() != before:
            changed.append(step)
        assert names(method, step) == (INSTANCES | PROTOTYPES if step >= PASS else INSTANCES)
    assert changed == [PASS, 3 * PASS]


def test_the_released_form_forgets_its_clusters_after_one_step() -> None:
    method = made("cmpc_official")
    with_prototypes = []
    for step in range(4 * PASS):
        method.refresh(step, track_items())
        if names(method, step) > INSTANCES:
            with_prototypes.append(step)
    assert with_prototypes == [PASS, 3 * PASS]


def test_every_visit_moves_the_memory_of_the_own_modality() -> None:
    method = made()
    before = {name: method._bank(name).memory_TD.clone() for name in ("voice", "face")}
    batch = track_batch(0)
    list(method.turns(batch, 0))
    assert batch.voices is not None and batch.voices.video_B is not None
    visited = set(batch.voices.video_B.tolist())
    for name, memory_TD in before.items():
        moved_T = (method._bank(name).memory_TD != memory_TD).any(dim=1)
        assert {track for track in range(TRACKS) if moved_T[track]} == visited
    embedded_BD = method.embed_faces(batch.faces.inputs).detach()  # type: ignore[union-attr]
    track = int(batch.voices.video_B[0])
    old_D = before["face"][track]
    new_D = 0.5 * old_D + 0.5 * embedded_BD[0] / embedded_BD[0].norm()
    torch.testing.assert_close(method._bank("face").memory_TD[track], new_D / new_D.norm())


def test_the_trust_in_the_pairs_of_a_batch_has_mean_one_and_no_slope() -> None:
    method, batch = made(), track_batch(0)
    method.refresh(PASS, track_items())
    assert batch.voices is not None and batch.faces is not None and batch.voices.video_B is not None
    heard, seen = (method._prototypes(name).of(batch.voices.video_B) for name in ("voice", "face"))
    voices_BD = method.embed_voices(batch.voices.inputs)
    trust_B = method._trust(voices_BD, method.embed_faces(batch.faces.inputs), heard, seen)
    assert trust_B.mean().item() == pytest.approx(1.0)
    assert not trust_B.requires_grad and (trust_B >= 0).all()


def test_the_numbers_of_clusters_follow_the_number_of_tracks() -> None:
    assert made()._prototypes("voice").sizes == [2, 3, 6]


def run(folder: Path, *, stop_at: int = 0) -> CrossModalPrototypeContrast:
    method = made()
    optimiser = tiny_params().warm_up.optimiser.model_copy(update={"ramp_steps": 0})
    phase = Phase("cmpc", 1, optimiser, 10, checkpoint_every_steps=4)
    loop = Loop(
        method,
        track_batches(),
        phase,
        machine=tiny_params().machine,
        device=torch.device("cpu"),
        folder=folder,
        weights=None,
        observers={},
    )
    if stop_at:
        step = loop._step

        def dying(global_step: int, *rest: object) -> None:
            if global_step == stop_at:
                raise KeyboardInterrupt
            step(global_step, *rest)  # type: ignore[arg-type]

        loop._step = dying  # type: ignore[method-assign]
    loop.run()
    return method


def test_a_run_killed_between_two_clusterings_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole = run(tmp_path / "whole").state_dict()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", stop_at=7)  # clusters of step 3 are in the checkpoint of step 4
    again = run(tmp_path / "killed").state_dict()
    assert whole["clustered_at"] == 9
    assert all(torch.equal(whole[name], again[name]) for name in whole)


@pytest.mark.parametrize("row", ["cmpc", "cmpc_official"])
def test_a_step_from_recordings_and_pictures_moves_the_encoders(row: str) -> None:
    assert unmoved_by_media(row, **SOON) == []
