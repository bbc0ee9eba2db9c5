"""Pure arrays in, pure arrays out: robust statistics, smoothing, wavelets, matching."""
