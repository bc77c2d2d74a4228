"""The stages of dvc.yaml, one file each: read params, read inputs, call a room, write outputs."""
