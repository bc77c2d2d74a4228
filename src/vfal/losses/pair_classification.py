"""Same person or not: binary cross-entropy on as many right pairs as wrong ones."""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import cosine_similarity, softplus


def balanced_pair_loss(
    logit: Callable[[Tensor, Tensor], Tensor], voices_BD: Tensor, faces_BD: Tensor, identity_B: Tensor
) -> Tensor:
    """Loss (B,) of each item, in nats: half for its own pair, half for its voice with the next row's face.

    `logit` maps rows of voices and faces to logits (B,) of being one person. The mean over items is the
    binary cross-entropy over B right and B wrong pairs. A next row of the same person costs nothing.
    """
    next_faces_BD, stranger_B = faces_BD.roll(-1, 0), identity_B != identity_B.roll(-1, 0)
    right_B, wrong_B = logit(voices_BD, faces_BD), logit(voices_BD, next_faces_BD)
    return 0.5 * (softplus(-right_B) + softplus(wrong_B) * stranger_B)


def cosine_logit(voices_BD: Tensor, faces_BD: Tensor, *, scale: float) -> Tensor:
    """scale (S - 1/2) of row i with row i, (B,), S their cosine: the decision is at S = 1/2.

    With scale 2 its sigmoid is VFNet's exp(S) / (exp(S) + exp(1 - S)), which stays within [0.047, 0.731]:
    a right pair costs at least ln(1 + 1/e) = 0.313.
    """
    return scale * (cosine_similarity(voices_BD, faces_BD, dim=1) - 0.5)
