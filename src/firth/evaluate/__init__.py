"""How good vectors are: benchmarks, their statistics, the exact objective on a corpus."""
