"""Simulated detectors: their pixels, noise, effects, flags and point spread function."""
