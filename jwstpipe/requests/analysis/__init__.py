"""What is asked of measuring."""
