"""Fluxes: units and magnitudes, apertures, profiles, forced photometry."""
