"""Plots of spectra: pictures, SVG, and pages that can be moved through."""
