"""The stages of dvc.yaml, one file each: read params, read inputs, call a room, write outputs."""

STAGES = (
    "collect",
    "prepare",
    "validate",
    "preprocess",
    "pretrain",
    "embed",
    "warm_up",
    "weigh_identities",
    "retrain",
    "ablate",
    "evaluate",
    "compare",
)

# What several processes may share (machine.strategy).
TRAINING = ("pretrain", "warm_up", "weigh_identities", "retrain", "ablate")
REPEATED = ("ablate", "evaluate")  # once per variant, once per model
