"""What the accuracy benchmarks share: data, runs, results, tables."""
