"""params.yaml as typed blocks."""
