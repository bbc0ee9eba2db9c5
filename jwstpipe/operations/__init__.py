"""Operations: what is made, from what, with which id, how it is recorded and made again."""
