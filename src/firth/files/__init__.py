"""Files on disk: clear errors, whole replacement, checked tensors, temporary folders that have an owner."""
