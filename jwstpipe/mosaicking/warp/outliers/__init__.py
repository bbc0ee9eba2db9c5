"""Outliers: pixels of one image that the others contradict, before the images are combined."""
