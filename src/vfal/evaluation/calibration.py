"""From scores to probabilities and decisions: Platt's logistic curve, and the threshold of equal errors."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from vfal.metrics import Flags, Floats, roc


@dataclass(frozen=True)
class Calibration:
    """What a score means, as learnt from verification trials of which about half are of one person.

    `slope` and `intercept` are of the logistic curve; `threshold` is the score from which a pair counts as
    one person, and the two error ratios are what it costs on the same trials. `trials` counts them, `same`
    those of one person.
    """

    slope: float
    intercept: float
    threshold: float
    false_acceptance: float
    false_rejection: float
    trials: int
    same: int

    def probability(self, score: float) -> float:
        """The probability in (0, 1) that a pair of this score is one person, were half of all pairs so."""
        return float(np.exp(-np.logaddexp(0.0, -(self.slope * score + self.intercept))))

    def accepts(self, score: float) -> bool:
        """Whether a pair of this score counts as one person."""
        return score >= self.threshold

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `as_json` gave."""
        return cls(**values)


def calibrate(scores_T: Floats, same_T: Flags) -> Calibration | None:
    """The calibration that these trials teach; None unless there are trials of both kinds.

    The curve is Platt's (1999), with his targets (n + 1) / (n + 2), which keep it finite where the kinds
    separate. It never falls: where larger scores are no sign of one person, it is level.
    The threshold is the score at which false acceptance and false rejection are closest.
    """
    same, other = int(same_T.sum()), int((~same_T).sum())
    if not (same and other):
        return None
    slope, intercept = _platt(scores_T, same_T, same, other)
    far, tar, threshold = roc(scores_T, same_T)
    # Index 0 is the threshold above every score, where nothing is accepted: no decision at all.
    place = 1 + int(np.argmin(np.abs(far[1:] - (1.0 - tar[1:]))))
    return Calibration(
        slope=slope,
        intercept=intercept,
        threshold=float(threshold[place]),
        false_acceptance=float(far[place]),
        false_rejection=float(1.0 - tar[place]),
        trials=len(scores_T),
        same=same,
    )


def _platt(scores_T: Floats, same_T: Flags, same: int, other: int) -> tuple[float, float]:
    """Slope, at least 0, and intercept of least log loss."""
    from scipy.optimize import minimize  # takes half a second, and only training calibrates

    target_T = np.where(same_T, (same + 1) / (same + 2), 1 / (other + 2))

    def loss(curve: Floats) -> tuple[float, Floats]:
        logit_T = curve[0] * scores_T + curve[1]
        excess_T = np.exp(-np.logaddexp(0.0, -logit_T)) - target_T
        value = np.mean(np.logaddexp(0.0, logit_T) - target_T * logit_T)
        return float(value), np.array([np.mean(excess_T * scores_T), np.mean(excess_T)])

    start = np.array([1.0, 0.0])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)], options={"ftol": 1e-14}
    )
    return float(found.x[0]), float(found.x[1])
