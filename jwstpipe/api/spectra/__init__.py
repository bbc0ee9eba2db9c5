"""Verbs on spectra and tables."""
