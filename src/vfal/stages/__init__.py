"""The stages of dvc.yaml and of the maps in leaderboard/, one file each.

A stage reads params, reads inputs, calls a room and writes outputs.
"""

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

LEADERBOARD = ("train_method", "evaluate_method", "leaderboard")

# What several processes may share (machine.strategy).
TRAINING = ("pretrain", "warm_up", "weigh_identities", "retrain", "ablate", "train_method")
REPEATED = ("ablate", "evaluate", "train_method", "evaluate_method")  # once per variant or model
