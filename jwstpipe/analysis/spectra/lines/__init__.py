"""Spectral lines: where they are, how they are measured, and which redshift they tell."""
