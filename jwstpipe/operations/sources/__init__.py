"""Sources: found, labelled, measured on many images, matched, compared with a reference."""
