"""How good vectors are: benchmarks, their statistics, and the exact objective on a corpus."""
