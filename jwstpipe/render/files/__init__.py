"""Picture files and what is written into them."""
