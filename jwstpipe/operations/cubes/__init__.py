"""Operations on spectral cubes: stores, images, spectra, pictures of lines."""
