"""The simulated sky: stars, nebula, clouds, and their light in a band."""
