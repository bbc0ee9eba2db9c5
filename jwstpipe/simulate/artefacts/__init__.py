"""What detectors and stray light add to simulated exposures, each with a switch, a seed and its true amount."""
