"""Jobs: what is asked of a Prefect server, watched, cancelled and read back."""
