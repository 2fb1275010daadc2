"""The proof that ships: formulas against central differences, kernels against the reference."""
