"""Colours: names and hues, palettes by wavelength, and how channels mix to neutral light."""
