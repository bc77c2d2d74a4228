"""How the set of weighed identities grows: arithmetic that parameters are checked by before any work."""

import math

import numpy as np

from vfal.core.errors import ConfigError


def updates_needed(identities: int, *, initial_ratio: float, growth_ratio: float, keep_ratio: float) -> int:
    """How many updates bring the kept share to `keep_ratio`; `ConfigError` when none ever does.

    Source: 1 + ceil((keep - initial) I / floor(growth I)), with the counts as `update` rounds them.
    """
    if not 0 < keep_ratio <= 1:
        raise ConfigError(
            f"weigh_identities.keep_ratio: found {keep_ratio}, expected a share above 0 and up to 1."
        )
    initial, growth = int(initial_ratio * identities), int(growth_ratio * identities)
    wanted = math.ceil(keep_ratio * identities - 1e-9)
    if kept_share(wanted, identities) < keep_ratio:
        wanted += 1
    missing = wanted - initial
    if missing > 0 and growth == 0:
        raise ConfigError(
            f"weigh_identities.growth_ratio: {growth_ratio} of {identities} identities is less than one "
            f"identity per update, so keep_ratio {keep_ratio} is never reached. Use at least "
            f"{math.ceil(1e4 / identities) / 1e4}."
        )
    return 1 + (math.ceil(missing / growth) if missing > 0 else 0)


def kept_share(part: int, whole: int) -> float:
    """A share as the published code computes it: in float32, where 45 / 50 is just below 0.90."""
    return float(np.float32(part) / np.float32(whole))
