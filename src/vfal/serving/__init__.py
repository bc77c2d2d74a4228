"""A trained model in use: matching, verification and embedding of files and bytes."""
