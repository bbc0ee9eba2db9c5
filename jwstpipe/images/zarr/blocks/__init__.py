"""Planes of three axes in blocks of many slices, which serve a slice and a spectrum alike."""
