"""From text to word ids on disk: sources, vocabulary, encoding, phrases joined."""
