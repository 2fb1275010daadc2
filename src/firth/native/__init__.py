"""What compiled code is made of: the decorator and its cache, emitted code, vectors, random draws, threads."""
