"""What the detector added and the pipeline left: found, taken away or masked, and written down."""
