"""Verbs on spectra, cubes and tables."""
