"""From samples to colour, pure functions: tone, colour, presets."""
