import math

import pytest
import torch

from vfal.data.batches import Bag, Batch

from .small_models import losses_of, make


def test_both_sides_equal_the_plain_loop(batch: Batch) -> None:
    method = make("clip_style").eval()
    found = losses_of(method, batch)
    with torch.no_grad():
        cosine = method.score(
            method.embed_voices(batch.voices.inputs), method.embed_faces(batch.faces.inputs)
        )
    logits = [[value / 0.07 for value in row] for row in cosine.tolist()]
    for i in range(len(logits)):
        by_row = math.log(sum(math.exp(value) for value in logits[i])) - logits[i][i]
        by_column = math.log(sum(math.exp(row[i]) for row in logits)) - logits[i][i]
        assert found["voice_to_face"][i].item() == pytest.approx(0.5 * by_row, rel=1e-5)
        assert found["face_to_voice"][i].item() == pytest.approx(0.5 * by_column, rel=1e-5)


def test_the_temperature_is_learned_and_never_falls_below_its_bound(batch: Batch) -> None:
    method = make("clip_style", temperature_lowest=0.05).train()
    assert (-method.log_scale).exp().item() == pytest.approx(0.07)
    torch.stack([loss_B.mean() for loss_B in losses_of(method, batch).values()]).sum().backward()
    assert method.log_scale.grad is not None and method.log_scale.grad != 0
    with torch.no_grad():
        method.log_scale.fill_(10.0)
    losses_of(method, batch)
    assert (-method.log_scale).exp().item() == pytest.approx(0.05)


def test_a_batch_of_one_person_costs_nothing(batch: Batch) -> None:
    same_B = torch.zeros(6, dtype=torch.long)
    alone = Batch(Bag(batch.voices.inputs, same_B), Bag(batch.faces.inputs, same_B))
    assert all(loss_B.tolist() == [0] * 6 for loss_B in losses_of(make("clip_style").eval(), alone).values())


def test_a_sharper_temperature_looks_at_the_hardest_candidate(batch: Batch) -> None:
    shares = []
    for temperature in (1.0, 0.02):
        method = make("clip_style", temperature_initial=temperature).eval()
        voices_BD = method.embed_voices(batch.voices.inputs).detach()
        faces_BD = method.embed_faces(batch.faces.inputs).detach()
        cosine_BB = method.score(voices_BD, faces_BD).fill_diagonal_(-1)
        shares.append((cosine_BB / temperature).softmax(1).max(1).values.mean().item())
    assert shares[1] > 0.5 > shares[0]
