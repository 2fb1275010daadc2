"""Word vectors: the container, its queries, vectors for words made of n-grams, vectors of documents."""
