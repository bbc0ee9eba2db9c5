"""The sky and its noise, in boxes of the plane."""
