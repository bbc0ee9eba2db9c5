"""What a product was made from, and whether that is still current."""
