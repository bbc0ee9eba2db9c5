"""Records found by words: normal forms, a thesaurus of the field, a ranking, and its index on disk."""
