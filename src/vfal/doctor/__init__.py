"""`vfal doctor`: what would fail later, found before any work, and what to do about it."""
