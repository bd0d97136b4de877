"""Kernels: lists in, lists out. No Values, no graph."""
