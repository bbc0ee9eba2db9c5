"""From flux to brightness: robust statistics, stretches, levels and tone curves."""
