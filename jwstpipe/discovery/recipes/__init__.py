"""From rows of the archive to what can be made of them."""
