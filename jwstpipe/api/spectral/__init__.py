"""Verbs on spectra and cubes."""
