"""Products that stand: entered, verified, made again."""
