"""Spectra: read by content, extracted, joined, and measured."""
