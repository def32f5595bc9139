"""The benchmarks: dugong beside its peers. See README.md."""
