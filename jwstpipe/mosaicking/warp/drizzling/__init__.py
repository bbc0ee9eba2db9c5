"""Drizzle: the pixels of an image laid on the plane by the areas that they share with its pixels."""
