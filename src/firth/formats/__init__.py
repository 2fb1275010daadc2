"""Files of vectors and of vocabularies: reading, writing, converting."""
