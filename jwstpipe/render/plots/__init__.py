"""Diagrams of numbers: histograms, curves, points with errors; and sources drawn on their image."""
