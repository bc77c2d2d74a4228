"""The three rules that identity weights can come from: learned, none, or the truth."""

from pathlib import Path

from vfal.core.errors import DataError
from vfal.core.tables import read_table
from vfal.training.checkpoint import load_tensors
from vfal.training.identity_weights import IdentityWeights
from vfal.training.outputs import set_weights
from vfal.training.phases import Setting, weigh_identities


def learn_or_set_weights(setting: Setting, start: Path, truth: Path) -> IdentityWeights | None:
    """Identity weights by `weigh_identities.rule`; None for `none` (the paper's ablation -W).

    `start` is the warm-up state that learning goes on from; `truth` the table of the generated corpus
    that says who is personalised, read by the rule `truth` alone.
    """
    rule = setting.params.weigh_identities.rule
    if rule == "none":
        return None
    if rule == "learned":
        return weigh_identities(setting, load_tensors(start), start)
    known = read_table(truth, ["identity", "personalised"]).set_index("identity")["personalised"]
    if missing := [name for name in setting.identities if name not in known.index]:
        raise DataError(
            f"{truth}: does not say who is personalised for {len(missing)} training identities (first: "
            f"{missing[0]}). weigh_identities.rule 'truth' works on generated people only."
        )
    return set_weights(setting, [float(not known[name]) for name in setting.identities])
