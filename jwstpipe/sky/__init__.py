"""Geometry of the sky and of pixel planes; pure, without files."""
