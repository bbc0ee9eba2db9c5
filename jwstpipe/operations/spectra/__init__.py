"""Operations on spectra and tables."""
