"""Point spread functions: built from an image or given, fitted to sources, and made alike."""
