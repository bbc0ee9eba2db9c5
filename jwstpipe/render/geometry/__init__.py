"""Which part of the images a picture shows, at which resolution and size, and where that is on the sky."""
