"""The server of the viewer: its pages, who may ask, and what it answers."""
