"""Re-gauging: triplets on cosines, only of anchors whose positive is close enough to be believed."""

from torch import Tensor
from torch.nn.functional import normalize


def regauging(
    anchors_BD: Tensor,
    candidates_BD: Tensor,
    exclude: Tensor,
    *,
    believed_above: float,
    margin: float,
    slack: float,
) -> Tensor:
    """Loss (B,) of each anchor, one side, >= 0; row i of the candidates is its positive.

    Negative j of anchor i counts when cos(a_i, c_j) > cos(a_i, c_i) - margin. It then costs by how much,
    plus what it takes to bring cos(c_i, c_j) `slack` below cos(a_i, c_i) and cos(a_i, c_j) `slack` below
    cos(c_i, c_j). The mean over those that count; 0 for an anchor whose positive's cosine is not above
    `believed_above`. `exclude` (B, B) is True where j is no negative of i.
    Source: Gwiths/Taking-a-Part-for-the-Whole:models/eqmModel.py, where no gradient flows through it.
    """
    anchors_BD, candidates_BD = normalize(anchors_BD, dim=1), normalize(candidates_BD, dim=1)
    sims_BB, alike_BB = anchors_BD @ candidates_BD.T, candidates_BD @ candidates_BD.T
    own_B1 = sims_BB.diagonal()[:, None]
    counts_BB = (sims_BB > own_B1 - margin) & ~exclude
    cost_BB = sims_BB - own_B1 + margin
    cost_BB = cost_BB + (alike_BB + slack - own_B1).relu() + (sims_BB - alike_BB + slack).relu()
    believed_B = own_B1[:, 0] > believed_above
    return (cost_BB * counts_BB).sum(1) / counts_BB.sum(1).clamp_min(1) * believed_B


def two_sided_regauging(voices_BD: Tensor, faces_BD: Tensor, exclude: Tensor, **settings: float) -> Tensor:
    """Mean (B,) of the sides that cost something, 0 where neither does."""
    sides = [
        regauging(voices_BD, faces_BD, exclude, **settings),
        regauging(faces_BD, voices_BD, exclude, **settings),
    ]
    costing_B = sum((side_B.detach() != 0).to(side_B) for side_B in sides)
    assert isinstance(costing_B, Tensor)
    return (sides[0] + sides[1]) / costing_B.clamp_min(1)
