"""Fast scoring and intervals."""
