"""Champion and challenger: which model answers, why, and who it was trained on."""
