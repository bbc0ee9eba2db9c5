"""What the headers of an image, and the bytes behind them, say of it."""
