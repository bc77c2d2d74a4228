"""What each method's block in params.yaml may hold: one file per method, without torch."""
