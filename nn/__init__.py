"""Neural networks on plain Python lists."""
