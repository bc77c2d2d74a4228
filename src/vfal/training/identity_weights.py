"""Identity weights: who is trained on, and how much, learned from how hard each identity is.

Source: "Seeking the Shape of Sound" eq. (6)-(7); KID-7391:models/center_model.py. The published code
hides admitted identities by adding and subtracting 1e6 to their hardness, which in float32 rounds it to
multiples of 1/16; here they are left out of the ranking and keep their hardness. The weights are the same.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from vfal.core.errors import DataError
from vfal.core.growth import kept_share, updates_needed


class IdentityWeights:
    """Hardness and weight of every identity, and the rule that moves them.

    Easy identities enter first, at weight 1; each later update lets the next easiest ones in and decays
    those inside, so harder identities end with larger weights and the hardest stay at 0. The state is
    float64 tensors on `device`; nothing in it carries a gradient.
    """

    def __init__(
        self,
        identities: int,
        *,
        hardness_initial: float,
        hardness_ema: float,
        initial_ratio: float,
        growth_ratio: float,
        decay: float,
        keep_ratio: float,
        device: torch.device | str = "cpu",
    ) -> None:
        self.updates_needed = updates_needed(
            identities, initial_ratio=initial_ratio, growth_ratio=growth_ratio, keep_ratio=keep_ratio
        )
        self.hardness_ema = hardness_ema
        self.initial_ratio = initial_ratio
        self.growth_ratio = growth_ratio
        self.decay = decay
        self.keep_ratio = keep_ratio
        self.hardness_I = torch.full((identities,), hardness_initial, dtype=torch.float64, device=device)
        self.weights_I = torch.ones_like(self.hardness_I)
        self.updates = 0

    @property
    def kept_ratio(self) -> float:
        """Share of identities with a weight above 0, in [0, 1]; 1 before the first update."""
        return kept_share(int((self.weights_I > 0).sum()), len(self.weights_I))

    @property
    def done(self) -> bool:
        """Whether `keep_ratio` has been reached; further updates change nothing."""
        return self.updates > 0 and self.kept_ratio >= self.keep_ratio

    @torch.no_grad()
    def observe(self, identity_B: Tensor, hardness_B: Tensor) -> None:
        """Move the hardness of the batch's identities: ema x old + (1 - ema) x observed.

        An identity that occurs twice is moved once, by its last row.
        """
        identity_B = identity_B.to(self.hardness_I.device)
        row_B = torch.arange(len(identity_B), device=identity_B.device)
        last_I = torch.full_like(self.hardness_I, -1, dtype=torch.long)
        last_I.scatter_reduce_(0, identity_B, row_B, "amax")
        observed_I = hardness_B.detach().to(self.hardness_I)[last_I.clamp_min(0)]
        moved_I = self.hardness_ema * self.hardness_I + (1 - self.hardness_ema) * observed_I
        self.hardness_I = torch.where(last_I >= 0, moved_I, self.hardness_I)

    def weights(self, identity_B: Tensor) -> Tensor:
        """Weight of each item, (B,) float64; see `batch_weights`."""
        return batch_weights(self.weights_I, identity_B)

    @torch.no_grad()
    def update(self) -> None:
        """Let the next easiest identities in at weight 1, after decaying those inside; no-op when `done`.

        The first update empties the set and admits `initial_ratio` of the identities, each later one
        `growth_ratio` (both rounded down). Equal hardness is settled by the smaller identity index.
        """
        if self.done:
            return
        if self.updates == 0:
            self.weights_I = torch.zeros_like(self.weights_I)
        ratio = self.initial_ratio if self.updates == 0 else self.growth_ratio
        outside_I = self.weights_I == 0
        admitted = int(ratio * len(self.weights_I))
        easiest_first_I = self.hardness_I.argsort(stable=True)
        waiting = easiest_first_I[outside_I[easiest_first_I]]
        self.weights_I = self.weights_I * self.decay
        self.weights_I[waiting[:admitted]] = 1.0
        self.updates += 1

    def state_dict(self) -> dict[str, Tensor]:
        """Copies of the state: `hardness` (I,), `weights` (I,), `updates` ()."""
        return {
            "hardness": self.hardness_I.clone(),
            "weights": self.weights_I.clone(),
            "updates": torch.tensor(self.updates),
        }

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over a state made by `state_dict`; another number of identities is a `DataError`."""
        found, expected = len(state["weights"]), len(self.weights_I)
        if found != expected:
            raise DataError(
                f"identity weights: the stored state is of {found} identities, expected {expected}. "
                "Delete it and learn the weights again."
            )
        self.hardness_I = state["hardness"].to(self.hardness_I, copy=True)
        self.weights_I = state["weights"].to(self.weights_I, copy=True)
        self.updates = int(state["updates"])


def batch_weights(weights_I: Tensor, identity_B: Tensor) -> Tensor:
    """Weight of each item, (B,): scaled so that the mean over all I identities is 1.

    A batch made only of dropped identities is trained unweighted: every item gets 1.
    """
    identity_B = identity_B.to(weights_I.device)
    weight_B = (weights_I * (len(weights_I) / weights_I.sum()))[identity_B]
    return weight_B + (weight_B.sum() < 1e-3)
