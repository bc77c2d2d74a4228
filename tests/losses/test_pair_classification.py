import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, cross_entropy, softplus

from vfal.losses.pair_classification import balanced_pair_loss, cosine_logit


def drawn(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def vfnet_logit(voices_BD: Tensor, faces_BD: Tensor) -> Tensor:
    return cosine_logit(voices_BD, faces_BD, scale=2.0)


VOICES, FACES, PEOPLE = drawn(6, 4), drawn(6, 4, seed=2), torch.arange(6)


def test_the_mean_is_the_binary_cross_entropy_of_as_many_right_pairs_as_wrong_ones() -> None:
    chances, labels = [], []
    for i in range(6):
        for j, label in ((i, 1.0), ((i + 1) % 6, 0.0)):
            cosine = float(VOICES[i] @ FACES[j] / (VOICES[i].norm() * FACES[j].norm()))
            chances.append(math.exp(cosine) / (math.exp(cosine) + math.exp(1 - cosine)))
            labels.append(label)
    expected = binary_cross_entropy(torch.tensor(chances), torch.tensor(labels)).item()
    found_B = balanced_pair_loss(vfnet_logit, VOICES, FACES, PEOPLE)
    assert found_B.mean().item() == pytest.approx(expected, rel=1e-6)


def test_vfnets_probability_is_the_sigmoid_of_twice_the_cosine_less_one() -> None:
    for cosine in (-1.0, -0.3, 0.0, 0.5, 1.0):
        voice, face = torch.tensor([[1.0, 0.0]]), torch.tensor([[cosine, math.sqrt(1 - cosine**2)]])
        probability = math.exp(cosine) / (math.exp(cosine) + math.exp(1 - cosine))
        assert vfnet_logit(voice, face).sigmoid().item() == pytest.approx(probability, abs=1e-6)


def test_vfnets_right_pairs_cost_at_least_0_31_and_its_wrong_ones_0_05() -> None:
    assert softplus(torch.tensor(-1.0)).item() == pytest.approx(0.3133, abs=1e-4)  # cosine 1
    opposite = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])  # own face right, next face opposite
    floor_B = balanced_pair_loss(vfnet_logit, opposite, opposite, torch.arange(2))
    assert (2 * floor_B).tolist() == pytest.approx([0.3133 + 0.0486] * 2, abs=1e-4)


def test_the_decision_is_at_a_cosine_of_one_half_whatever_the_scale() -> None:
    voice, face = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, math.sqrt(0.75)]])
    for scale in (2.0, 10.0):
        assert cosine_logit(voice, face, scale=scale).item() == pytest.approx(0.0, abs=1e-6)


def test_a_next_row_of_the_same_person_is_no_wrong_pair() -> None:
    people = torch.tensor([3, 3, 5, 5, 8, 8])
    found_B = balanced_pair_loss(vfnet_logit, VOICES, FACES, people)
    own_B = 0.5 * softplus(-vfnet_logit(VOICES, FACES))
    torch.testing.assert_close(found_B[::2], own_B[::2])
    assert bool((found_B[1::2] > own_B[1::2]).all())


def test_every_voice_and_every_face_is_in_one_right_and_one_wrong_pair() -> None:
    seen: list[list[int]] = []

    def watched(voices_BD: Tensor, faces_BD: Tensor) -> Tensor:
        seen.append([int((face == FACES).all(1).nonzero()) for face in faces_BD])
        return vfnet_logit(voices_BD, faces_BD)

    balanced_pair_loss(watched, VOICES, FACES, PEOPLE)
    assert seen == [[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]]


def test_one_logit_costs_what_the_difference_of_two_classes_costs() -> None:
    two_B2, label_B = drawn(5, 2), torch.tensor([0, 1, 1, 0, 1])
    difference_B = two_B2[:, 1] - two_B2[:, 0]
    sign_B = 1 - 2 * label_B
    torch.testing.assert_close(
        softplus(sign_B * difference_B), cross_entropy(two_B2, label_B, reduction="none")
    )
