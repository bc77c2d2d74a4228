"""The loop, identity weights, optimisers and checkpoints."""
