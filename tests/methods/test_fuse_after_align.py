from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from vfal.core.config.params import check
from vfal.core.errors import ConfigError, DataError
from vfal.core.seeding import generator
from vfal.data.batches import Bag, Batch, IdentityBatches, RowsByIdentity
from vfal.data.inputs import FeatureInputs
from vfal.losses.multi_similarity import multi_similarity
from vfal.method import Crowd, Method
from vfal.methods.fuse_after_align import FuseAfterAlign
from vfal.training.loop import Loop, Phase

from ..tiny_params import raw_params, tiny_params
from .small_models import make, unmoved_by_media

PEOPLE, TRACKS, WIDTH, ITEMS = 20, 40, 8, 120
INPUTS = 6
CPU = torch.device("cpu")


def method(**changes: Any) -> Any:
    crowd, small = Crowd(PEOPLE, tracks=TRACKS), {"least_clusters": 5, "layers": 1}
    inputs = {"voice": INPUTS, "face": INPUTS}
    return make("fuse_after_align", crowd=crowd, inputs=inputs, trunk="plain_features", **small | changes)


def people() -> Tensor:
    return torch.from_numpy(generator(1, "people").standard_normal((PEOPLE, INPUTS)).astype(np.float32))


def features(word: str, noise: float = 0.4) -> Tensor:
    """Three items of each track, in the order of tracks; track t is of person t // 2."""
    own = people().repeat_interleave(ITEMS // PEOPLE, dim=0)
    rng = generator(1, word)
    return own + noise * torch.from_numpy(rng.standard_normal(own.shape).astype(np.float32))


def batches(*, by_track: bool = True) -> IdentityBatches:
    each = TRACKS if by_track else PEOPLE
    owners = np.repeat(np.arange(each), ITEMS // each).tolist()
    sources = {
        modality: (FeatureInputs(features(modality).numpy()), RowsByIdentity(owners, range(each), modality))
        for modality in ("voice", "face")
    }
    track_owners = np.repeat(np.arange(PEOPLE), 2) if by_track else None
    return IdentityBatches(
        sources, each, batch_identities=10, views=1, seed=1, stream="t", owners=track_owners
    )


def loop(folder: Path, drawn: Method, steps: int, **changes: Any) -> Loop:
    return Loop(
        drawn,
        changes.pop("batches", batches()),
        Phase("faa", 1, tiny_params().train_method.recipe.optimiser, steps, 5, validate_every_steps=4),
        machine=tiny_params().machine,
        device=CPU,
        folder=folder,
        weights=None,
        observers={},
        **changes,
    )


def batch(labels: list[int]) -> Batch:
    torch.manual_seed(2)
    video_B = torch.tensor(labels)
    return Batch(*(Bag(torch.randn(len(labels), INPUTS), None, video_B=video_B) for _ in range(2)))


def test_both_terms_balanced_by_delta_are_the_loss() -> None:
    ours, given = method(delta=0.7), batch([3, 8, 1, 30])
    assert given.voices is not None and given.faces is not None
    ((player, terms),) = ours.turns(given, 0)
    voices_BD, faces_BD = ours.embed_voices(given.voices.inputs), ours.embed_faces(given.faces.inputs)
    both = torch.cat([voices_BD, faces_BD])
    whole = multi_similarity(
        both, torch.tensor([3, 8, 1, 30] * 2), alpha=2, beta=40, base=1, epsilon=0.1
    ).mean()
    assert player == "all" and set(terms.losses) == {"multi_similarity", "face_voice_matching"}
    assert torch.allclose(terms.losses["multi_similarity"].mean(), 0.7 * whole)
    assert terms.losses["face_voice_matching"].shape == (4,)


def test_the_right_pair_and_two_wrong_ones_are_judged_for_every_item(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, seen = method(), []
    judge = ours.pair_encoder.forward

    def watched(voices_PD: Tensor, faces_PD: Tensor) -> Tensor:
        seen.append((voices_PD, faces_PD, judge(voices_PD, faces_PD)))
        return seen[-1][2]

    monkeypatch.setattr(ours.pair_encoder, "forward", watched)
    ((_, terms),) = ours.turns(batch([0, 1, 2]), 0)
    ((voices_PD, faces_PD, logits_P2),) = seen
    assert len(voices_PD) == 9 and torch.equal(voices_PD[:3], voices_PD[6:])
    assert torch.equal(faces_PD[:3], faces_PD[3:6])
    assert not (voices_PD[3:6] == voices_PD[:3]).all(1).any()
    assert not (faces_PD[6:] == faces_PD[:3]).all(1).any()
    right = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0, 0])
    wanted = cross_entropy(logits_P2, right, reduction="none").view(3, 3).mean(0)
    assert torch.allclose(terms.losses["face_voice_matching"], (1 - 0.9) * wanted)


def test_matching_moves_the_embeddings_too() -> None:
    ours = method()
    ((_, terms),) = ours.turns(batch([0, 1, 2]), 0)
    terms.losses["face_voice_matching"].mean().backward()
    assert ours.voice_projection.weight.grad is not None and ours.voice_projection.weight.grad.abs().max() > 0


def test_a_pairs_score_is_the_log_odds_of_being_one_person() -> None:
    ours = method().eval()
    voices_ND, faces_MD = torch.randn(3, 16), torch.randn(4, 16)
    with torch.no_grad():
        odds_P = ours.pair_encoder(voices_ND[:1].expand(4, 16), faces_MD).softmax(1)
        assert torch.allclose(
            ours.score(voices_ND, faces_MD)[0], (odds_P[:, 1] / odds_P[:, 0]).log(), atol=1e-5
        )


def test_without_the_encoder_scores_are_cosines_and_nothing_is_judged() -> None:
    ours = method(multimodal_encoder=False)
    voices_ND, faces_MD = torch.randn(3, 16), torch.randn(3, 16)
    cosines = normalize(voices_ND, dim=1) @ normalize(faces_MD, dim=1).T
    assert torch.allclose(ours.score(voices_ND, faces_MD), cosines, atol=1e-6)
    assert torch.allclose(ours.score_pairs(voices_ND, faces_MD), cosines.diagonal(), atol=1e-6)
    ((_, terms),) = ours.turns(batch([0, 1, 2]), 0)
    assert set(terms.losses) == {"multi_similarity"} and ours.shortlist is None


def test_it_is_told_videos_or_with_supervision_identities() -> None:
    assert method().needs() == {"video"} and method(supervised=True).needs() == {"identity"}


def test_identity_weights_without_identities_are_refused() -> None:
    raw = raw_params(methods__fuse_after_align__adaptive=True)
    with pytest.raises(
        ConfigError, match=r"adaptive: identity weights want identities.*set supervised: true"
    ):
        check(raw)
    raw["methods"]["fuse_after_align"]["supervised"] = True
    check(raw)


def test_batches_of_people_are_refused_where_videos_are_learned_from(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"recipe.sampling: found batches of people, expected 'video'"):
        loop(tmp_path / "a", method(), 2, batches=batches(by_track=False)).run()
    with pytest.raises(DataError, match=r"does not need 'identity' labels"):
        method(progressive=False, fixed_clusters=5).refresh(
            0, batches(by_track=False).everything(CPU, {"video"})
        )


def test_a_track_is_the_mean_of_its_items_in_both_modalities() -> None:
    ours, items = method(pooled_items=2), batches().everything(CPU, {"video"})
    with torch.no_grad():
        pooled_VD = ours._pooled(items)
        faces = ours.embed_faces(features("face")).view(TRACKS, 3, 16)[:, :2].mean(1)
        voices = ours.embed_voices(features("voice")).view(TRACKS, 3, 16)[:, :2].mean(1)
    wanted = torch.cat([normalize(faces, dim=1), normalize(voices, dim=1)], dim=1)
    assert torch.allclose(pooled_VD, wanted, atol=1e-5)


def test_at_half_as_many_clusters_both_videos_of_a_person_are_positives_of_each_other() -> None:
    ours, items = method(progressive=False, fixed_clusters=PEOPLE), batches().everything(CPU, {"video"})
    torch.manual_seed(1)
    ours.refresh(0, items)
    label_V = ours.clusters.labels_V.view(PEOPLE, 2)
    assert (label_V[:, 0] == label_V[:, 1]).float().mean() > 0.8


def test_clusters_change_at_the_beginning_of_a_pass_only() -> None:
    ours, items = method(progressive=False, fixed_clusters=5), batches().everything(CPU, {"video"})
    for step in (1, 2, 3):
        ours.refresh(step, items)
    assert ours.clusters.labels_V.tolist() == list(range(TRACKS))
    ours.refresh(4, items)
    assert ours.clusters.labels_V.unique().numel() <= 5


def test_training_that_stands_still_halves_the_clusters(tmp_path: Path) -> None:
    ours = method()
    loop(
        tmp_path, ours, 60, validate=lambda _: 0.5
    ).run()  # the first validation is the best: stale ever after
    assert int(ours.clusters.clusters) == 5 and ours.clusters.labels_V.unique().numel() <= 5


@pytest.mark.parametrize("dies_at", [18, 33])
def test_killed_between_halvings_it_ends_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    def still(_: Method) -> float:
        return 0.5

    whole = method()
    loop(tmp_path / "whole", whole, 40, validate=still).run()
    step = Loop._step

    def dying(self: Loop, global_step: int, *rest: Any) -> None:
        if global_step == dies_at:
            raise KeyboardInterrupt
        step(self, global_step, *rest)

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(Loop, "_step", dying)
        loop(tmp_path / "killed", method(), 40, validate=still).run()
    again = method()
    loop(tmp_path / "killed", again, 40, validate=still).run()
    one, two = whole.state_dict(), again.state_dict()
    assert int(whole.clusters.clusters) < TRACKS
    assert [name for name in one if not torch.equal(one[name], two[name])] == []


def test_it_trains_encoders_of_media_as_well() -> None:
    assert unmoved_by_media("fuse_after_align", widths={"voice": 12, "face": 20}, regime="raw") == []


def right_of_two(ours: FuseAfterAlign) -> float:
    """Share of new items of known people whose own face beats another's."""
    ours.eval()
    with torch.no_grad():
        voices_ND = ours.embed_voices(features("new voices")[:: ITEMS // PEOPLE])
        faces_ND = ours.embed_faces(features("new faces")[:: ITEMS // PEOPLE])
        scores_NN = ours.score(voices_ND, faces_ND)
    others_NN = ~torch.eye(PEOPLE, dtype=torch.bool)
    return float((scores_NN.diagonal()[:, None] > scores_NN)[others_NN].float().mean())


@pytest.mark.parametrize(
    "changes",
    [{}, {"alignment": "contrastive"}, {"multimodal_encoder": False}, {"supervised": True}],
    ids=lambda changes: next(iter(changes), "whole"),
)
def test_every_ablation_learns_who_belongs_together(tmp_path: Path, changes: dict[str, Any]) -> None:
    ours = method(**changes)
    loop(tmp_path, ours, 150).run()
    assert right_of_two(ours) > 0.8


def test_the_printed_rule_learns_less_than_the_intended_one(tmp_path: Path) -> None:
    found: dict[str, float] = {}
    for rule in ("intended", "literal"):
        ours = method(positive_rule=rule, multimodal_encoder=False)
        loop(tmp_path / rule, ours, 60).run()
        found[rule] = right_of_two(ours)
    assert found["intended"] > found["literal"] + 0.05
