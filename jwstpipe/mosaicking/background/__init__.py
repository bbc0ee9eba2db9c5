"""Levels of the sky: overlaps measured, levels and planes solved."""
