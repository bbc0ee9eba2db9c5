"""Tables of any size and form: pages, conditions, order, search, light curves."""
