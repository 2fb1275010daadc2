"""gensim's names for firth: a program that imports them from here runs unchanged."""
