"""The inputs of a mosaic: what each is, what all of them measure, and what they can give."""
