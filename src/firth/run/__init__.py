"""One run, from a source to vectors: `firth.train`, its display, its checkpoints."""
