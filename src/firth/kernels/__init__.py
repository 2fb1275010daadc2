"""Compiled updates, one file each: addresses and numbers in, rows changed, loss out."""
