"""Making: what is asked, what is missing, and the products that come of it."""
