"""Softmax contrast between anchors and candidates: one loss per item.

Row i of the candidates is the positive of anchor i; every other row is a negative. The explicit loss
of "Seeking the Shape of Sound", N-pair and InfoNCE are settings of one formula.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional


def softmax_contrast(
    anchors_BD: Tensor,
    candidates_BD: Tensor,
    *,
    offset: float,
    temperature: float,
    normalise_anchors: bool,
    normalise_candidates: bool,
    exclude_same_identity: Tensor | None = None,
    exclude: Tensor | None = None,
) -> Tensor:
    """ln(offset + sum over negatives of exp((s_ij - s_ii) / temperature)) of each anchor, (B,), >= ln offset.

    `offset` (> 0) is a slack: a negative costs little until it beats the positive by ln offset. 1 gives
    plain N-pair, or InfoNCE when both sides are normalised. Rows must be of distinct identities, or else
    another item of the anchor's identity counts as a negative; given the identities (B,) as
    `exclude_same_identity`, such rows are left out, and with `exclude` (B, B) those that are True in it.
    Computed as a log-sum-exp, so it does not overflow.
    """
    if not offset > 0 or not temperature > 0:
        raise ValueError(f"offset and temperature must be above 0, found {offset} and {temperature}")
    if normalise_anchors:
        anchors_BD = functional.normalize(anchors_BD, dim=1)
    if normalise_candidates:
        candidates_BD = functional.normalize(candidates_BD, dim=1)
    sims_BB = anchors_BD @ candidates_BD.T / temperature
    excess_BB = sims_BB - sims_BB.diagonal()[:, None]
    own_BB = torch.eye(len(sims_BB), dtype=torch.bool, device=sims_BB.device)
    if exclude_same_identity is not None:
        same_BB = exclude_same_identity[:, None] == exclude_same_identity[None, :]
        excess_BB = excess_BB.masked_fill(same_BB, -math.inf)
    if exclude is not None:
        excess_BB = excess_BB.masked_fill(exclude, -math.inf)
    # The positive's own place carries the offset, so one log-sum-exp per row is the whole loss.
    return excess_BB.masked_fill(own_BB, math.log(offset)).logsumexp(dim=1)


def explicit_loss(
    anchors_BD: Tensor,
    candidates_BD: Tensor,
    *,
    offset: float,
    exclude_same_identity: Tensor | None = None,
) -> Tensor:
    """Explicit alignment loss of each anchor, one side, (B,), >= ln offset.

    The anchor keeps its norm, which acts as an inverse temperature; candidates are normalised. The
    published code writes ln(1 + 3.4 + sum over all j) with the positive inside the sum, which is offset
    5.4 here. Source: "Seeking the Shape of Sound" eq. (4); KID-7391:models/backbones.py, cross_logit.
    """
    return softmax_contrast(
        anchors_BD,
        candidates_BD,
        offset=offset,
        temperature=1.0,
        normalise_anchors=False,
        normalise_candidates=True,
        exclude_same_identity=exclude_same_identity,
    )


def two_sided_explicit_loss(
    voices_BD: Tensor,
    faces_BD: Tensor,
    *,
    offset: float,
    exclude_same_identity: Tensor | None = None,
) -> Tensor:
    """Mean of the explicit loss with voices and with faces as anchors, per item, (B,), >= ln offset.

    Source: KID-7391:models/voice2face_model.py, forward_match (halves of both sides).
    """
    from_voices_B = explicit_loss(
        voices_BD, faces_BD, offset=offset, exclude_same_identity=exclude_same_identity
    )
    from_faces_B = explicit_loss(
        faces_BD, voices_BD, offset=offset, exclude_same_identity=exclude_same_identity
    )
    return 0.5 * (from_voices_B + from_faces_B)
