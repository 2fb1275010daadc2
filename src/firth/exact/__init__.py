"""The exact softmax objective on co-occurrence counts."""
