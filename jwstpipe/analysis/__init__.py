"""Measuring: statistics of pixels, sources, photometry, catalogues."""
