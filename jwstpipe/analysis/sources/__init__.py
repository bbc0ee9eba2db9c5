"""Finding sources: background, noise, thresholds, components over tiles, deblending, shapes."""
