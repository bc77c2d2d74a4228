"""Loss families, one value per item."""
