from typing import Literal

import pytest
import torch
from torch import Tensor

from vfal.losses.git import centre_pull, git_push


def worked_example() -> tuple[Tensor, Tensor, Tensor]:
    """Vectors, centres of their identities and identities of the methods file, section 19."""
    i, d = torch.arange(6, dtype=torch.float64)[:, None], torch.arange(4, dtype=torch.float64)[None, :]
    identity_B = torch.tensor([0, 1, 2, 0, 1, 3])
    centres_ID = torch.linspace(-1, 1, 16, dtype=torch.float64).view(4, 4)
    return torch.sin(0.7 * i + 0.3 * d**2 + 1), centres_ID[identity_B], identity_B


def loop(
    embeddings_BD: Tensor, centres_BD: Tensor, distance: str, identities: list[int] | None
) -> list[float]:
    losses = []
    for i, embedding in enumerate(embeddings_BD.tolist()):
        total = 0.0
        for j, centre in enumerate(centres_BD.tolist()):
            own = i == j or (identities is not None and identities[i] == identities[j])
            squares = [0.0 if own else (a - b) ** 2 for a, b in zip(embedding, centre, strict=True)]
            if distance == "vector":
                total += 1 / (1 + sum(squares))
            else:
                total += sum(1 / (1 + square) for square in squares) / len(squares)
        losses.append(total / len(centres_BD))
    return losses


@pytest.mark.parametrize("distance", ["vector", "coordinate"])
@pytest.mark.parametrize("apart", [False, True])
def test_the_push_equals_the_plain_loop(distance: Literal["vector", "coordinate"], apart: bool) -> None:
    embeddings_BD, centres_BD, identity_B = worked_example()
    excluded = identity_B if apart else None
    found_B = git_push(embeddings_BD, centres_BD, distance=distance, exclude_same_identity=excluded)
    expected = loop(embeddings_BD, centres_BD, distance, identity_B.tolist() if apart else None)
    assert found_B.tolist() == pytest.approx(expected, rel=1e-12)


def test_the_pull_equals_the_plain_loop() -> None:
    embeddings_BD, centres_BD, _ = worked_example()
    squares = [
        sum((a - b) ** 2 for a, b in zip(embedding, centre, strict=True))
        for embedding, centre in zip(embeddings_BD.tolist(), centres_BD.tolist(), strict=True)
    ]
    found_B = centre_pull(embeddings_BD, centres_BD, distance="vector")
    assert found_B.tolist() == pytest.approx([square / 2 for square in squares], rel=1e-12)
    found_B = centre_pull(embeddings_BD, centres_BD, distance="coordinate")
    assert found_B.tolist() == pytest.approx([square / 4 for square in squares], rel=1e-12)


def test_pull_and_push_together_give_the_value_of_the_worked_example() -> None:
    embeddings_BD, centres_BD, _ = worked_example()
    pull_B = centre_pull(embeddings_BD, centres_BD, distance="coordinate")
    push_B = git_push(embeddings_BD, centres_BD, distance="coordinate")
    assert (pull_B + push_B).mean().item() == pytest.approx(1.8254523, abs=1e-6)


@pytest.mark.parametrize("distance", ["vector", "coordinate"])
def test_the_push_is_less_where_others_centres_are_farther(
    distance: Literal["vector", "coordinate"],
) -> None:
    embeddings_BD, centres_BD, _ = worked_example()
    near_B = git_push(embeddings_BD, centres_BD, distance=distance)
    far_B = git_push(embeddings_BD, centres_BD + 10, distance=distance)
    assert (far_B < near_B).all()


@pytest.mark.parametrize("distance", ["vector", "coordinate"])
def test_nobody_is_pushed_from_an_identity_of_their_own_that_comes_twice(
    distance: Literal["vector", "coordinate"],
) -> None:
    embeddings_BD, centres_BD, identity_B = worked_example()
    embeddings_BD.requires_grad_()
    same_B = torch.zeros_like(identity_B)
    git_push(embeddings_BD, centres_BD, distance=distance, exclude_same_identity=same_B).sum().backward()
    assert embeddings_BD.grad is not None and embeddings_BD.grad.abs().max() == 0
