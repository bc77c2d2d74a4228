from typing import Any

import torch
from torch import Tensor

from vfal.data.batches import Batch

from ..small_models import features, losses_of, make


def embedded(method: Any, batch: Batch) -> Tensor:
    """Embeddings (2B, D) as one training step sees them: all items in one batch norm."""
    assert batch.voices is not None and batch.faces is not None
    found: Tensor = method.stream(torch.cat([batch.voices.inputs, batch.faces.inputs]))
    return found


def test_a_single_stream_takes_both_modalities() -> None:
    method = make("ssnet").eval()
    assert torch.equal(method.embed_voices(features("x", 4)), method.embed_faces(features("x", 4)))


def test_a_persons_one_centre_begins_between_voice_and_face(batch: Batch) -> None:
    method: Any = make("ssnet").train()
    embeddings_BD = embedded(method, batch)
    found = losses_of(method, batch)
    assert batch.voices is not None
    between_BD = (embeddings_BD[:6] + embeddings_BD[6:]) / 2
    torch.testing.assert_close(method.centres.of(batch.voices.identity_B), between_BD.detach())
    apart_B = (embeddings_BD[:6] - embeddings_BD[6:]).norm(dim=1) / 2
    torch.testing.assert_close(found["centre"], method.settings.centre_weight * apart_B.square() / 2)


def test_with_one_centre_the_pull_brings_a_persons_voice_and_face_together(batch: Batch) -> None:
    method: Any = make("ssnet", centre_weight=1.0).train()
    optimiser = torch.optim.SGD(method.parameters(), lr=0.5)

    @torch.no_grad()
    def apart() -> float:
        embeddings_BD = embedded(method, batch)
        return float((embeddings_BD[:6] - embeddings_BD[6:]).norm(dim=1).mean())

    before = apart()
    for _ in range(20):
        for _, terms in method.turns(batch, 0):
            optimiser.zero_grad()
            terms.losses["centre"].mean().backward()
            optimiser.step()
    assert apart() < before / 2


def test_centres_move_after_the_step_by_the_damped_rule(batch: Batch) -> None:
    method: Any = make("ssnet").train()
    assert batch.voices is not None
    identity_B = batch.voices.identity_B
    embeddings_BD = embedded(method, batch).detach()
    for _ in method.turns(batch, 0):
        method.centres.centres_ID.zero_()
    expected_BD = 0.5 * (embeddings_BD[:6] + embeddings_BD[6:]) / 3
    torch.testing.assert_close(method.centres.of(identity_B), expected_BD)
    others = [row for row in range(10) if row not in identity_B.tolist()]
    assert method.centres.centres_ID[others].abs().max() == 0


def test_first_losses_are_of_the_size_of_unit_vectors_not_of_random_centres(batch: Batch) -> None:
    found = losses_of(make("ssnet", centre_weight=1.0).train(), batch)
    assert found["centre"].max() <= 0.25  # half the squared distance to a mean of two at right angles
    assert found["centre"].max() < found["identity"].min()


def test_cosine_ranks_as_the_published_squared_distance_does() -> None:
    method = make("ssnet").eval()
    voices_ND, faces_MD = method.embed_voices(features("v", 8)), method.embed_faces(features("f", 9))
    squared_NM = (voices_ND[:, None] - faces_MD[None]).square().sum(dim=2)
    torch.testing.assert_close(method.score(voices_ND, faces_MD), 1 - squared_NM / 2)
