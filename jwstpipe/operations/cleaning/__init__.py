"""Operations on exposures before they are combined."""
