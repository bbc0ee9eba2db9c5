"""Areas of pixels: connected parts, distances to an edge, blocks and their means."""
