"""Spectral cubes: slices, maps of lines, and the spectra of places in them."""
