"""Contrastive loss over all pairs of a batch, by labels: one loss per anchor."""

from torch import Tensor
from torch.nn.functional import normalize, relu

from vfal.losses.multi_similarity import pairs_of


def labelled_contrast(embeddings_ND: Tensor, labels_N: Tensor, *, margin: float) -> Tensor:
    """Contrastive loss of each anchor, (N,), >= 0: half the mean of d^2 over its positives (rows of its
    label), plus half the mean of max(0, margin - d)^2 over its negatives.

    d is the distance of unit vectors, in [0, 2]. A part without pairs is 0. Positives and negatives are
    averaged apart, since a batch has hundreds of the latter. Source: Hadsell et al., CVPR 2006, Eq. 4.
    """
    units_ND = normalize(embeddings_ND, dim=1)
    square_NN = (2 - 2 * units_ND @ units_ND.T).clamp_min(0)
    positive_NN, negative_NN = pairs_of(labels_N)
    # The root has no finite slope at 0, where a row meets itself or its copy.
    short_NN = relu(margin - square_NN.clamp_min(1e-12).sqrt()).pow(2)
    return 0.5 * (_mean(square_NN, positive_NN) + _mean(short_NN, negative_NN))


def _mean(values_NN: Tensor, taken_NN: Tensor) -> Tensor:
    return (values_NN * taken_NN).sum(1) / taken_NN.sum(1).clamp_min(1)
