"""Commands on images as they are: convert and export, info, mosaic and footprints, verify."""
