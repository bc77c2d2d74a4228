"""Encoders, heads and front ends."""
