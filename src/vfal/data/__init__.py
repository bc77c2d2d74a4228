"""Audio, faces, splits, trials, batches and packed media."""
