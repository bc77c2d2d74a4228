"""What could be known at best: the exact likelihood ratio of "same person", from the drawn factors.

For a voice that shows (sex s, accent a, factors x) and a face that shows (sex t, looks l, factors y)

    llr = log p(voice, face | same person) - log p(voice) - log p(face),

which is a sum over sex, nationality and the shared factors; private factors and everything that varies
between clips or pictures cancel. A model that hears clips and sees pictures can at best reach what
ranking by this ratio reaches: the ceiling of every protocol.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from vfal.core.errors import DataError
from vfal.datasets.generated.names import NATIONALITIES
from vfal.datasets.generated.people import SHARED_FACTORS, Floats

Personalised = Literal["hidden", "revealed", "ignored"]

_IMPOSSIBLE = -50.0  # stands for log(0): two sexes cannot be one person; finite, so that it can be ranked


def same_person_llr(
    truth: pd.DataFrame,
    voices: Sequence[str],
    faces: Sequence[str],
    *,
    personalised: Personalised,
) -> Floats:
    """Log-likelihood ratios (N, M) of voices of N identities and faces of M identities, in nats.

    `truth` is the table of `people.truth_table`. How it deals with personalised identities:

    hidden     nobody knows who they are; their share is known (the fair ceiling)
    revealed   it is known who they are, and that their voice says nothing of their face: 0 for them,
               or, with a contrary corpus, the ratio of the contrary
    ignored    everyone is taken to be no such person

    Where every explanation is ruled out the value is -50 instead of minus infinity. Raises `DataError`
    for an identity that the truth does not have.
    """
    table = truth.set_index("identity")
    unknown = [identity for identity in (*voices, *faces) if identity not in table.index]
    if unknown:
        raise DataError(f"truth: no identity '{unknown[0]}'; the table has {len(table)} others.")
    voice, face = table.loc[list(voices)], table.loc[list(faces)]
    ratio, contrary = float(truth["personalised_ratio"].iloc[0]), bool(truth["contrary"].iloc[0])
    plain_NM = _llr(voice, face, truth, mirrored=False)
    if personalised == "ignored":
        return plain_NM
    lent_NM = _llr(voice, face, truth, mirrored=True) if contrary else np.zeros_like(plain_NM)
    if personalised == "revealed":
        known_NM = (
            voice["personalised"].to_numpy(bool)[:, None] | face["personalised"].to_numpy(bool)[None, :]
        )
        return np.asarray(np.where(known_NM, lent_NM, plain_NM))
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(np.log1p(-ratio) + plain_NM, np.log(ratio) + lent_NM))


def _llr(voice: pd.DataFrame, face: pd.DataFrame, truth: pd.DataFrame, *, mirrored: bool) -> Floats:
    """The ratio (N, M) if all voices are their owners' own, or all of them contrary ones."""
    agreement = float(truth["nationality_agreement_ratio"].iloc[0])
    noise = float(truth["factor_noise"].iloc[0])
    total_NM = _sex_llr(voice, face, mirrored) + _nationality_llr(voice, face, agreement, mirrored)
    correlation = (-1 if mirrored else 1) / (1 + noise**2)
    for factor in SHARED_FACTORS:
        heard_N = voice[f"voice_{factor}"].to_numpy(float) / np.sqrt(1 + noise**2)
        seen_M = face[f"face_{factor}"].to_numpy(float) / np.sqrt(1 + noise**2)
        total_NM = total_NM + gaussian_llr(heard_N, seen_M, correlation)
    return np.asarray(np.maximum(total_NM, _IMPOSSIBLE))


def gaussian_llr(first_N: Floats, second_M: Floats, correlation: float) -> Floats:
    """log p(x, y) - log p(x) p(y), shape (N, M), for standard normals of a given correlation."""
    x_N1, y_1M, left = first_N[:, None], second_M[None, :], 1 - correlation**2
    quadratic_NM = correlation * (correlation * (x_N1**2 + y_1M**2) - 2 * x_N1 * y_1M)
    return np.asarray(-0.5 * np.log(left) - quadratic_NM / (2 * left))


def _sex_llr(voice: pd.DataFrame, face: pd.DataFrame, mirrored: bool) -> Floats:
    same_NM = voice["voice_male"].to_numpy(bool)[:, None] == face["face_male"].to_numpy(bool)[None, :]
    return np.where(same_NM != mirrored, np.log(2.0), _IMPOSSIBLE * 2)


def _nationality_llr(voice: pd.DataFrame, face: pd.DataFrame, agreement: float, mirrored: bool) -> Floats:
    """Both sides stray from the person's nation independently; nations are equally frequent."""
    nations = len(NATIONALITIES)
    stray = (1 - agreement) / (nations - 1)
    shown_KK = np.full((nations, nations), stray) + (agreement - stray) * np.eye(nations)
    lent_KK = np.roll(shown_KK, nations // 2, axis=0) if mirrored else shown_KK
    joint_KK = lent_KK.T @ shown_KK / nations
    accent_N = pd.Index(NATIONALITIES).get_indexer(pd.Index(voice["voice_nationality"]))
    looks_M = pd.Index(NATIONALITIES).get_indexer(pd.Index(face["face_nationality"]))
    with np.errstate(divide="ignore"):
        ratio_KK = np.maximum(np.log(joint_KK * nations**2), _IMPOSSIBLE)
    return np.asarray(ratio_KK[np.ix_(accent_N, looks_M)])
