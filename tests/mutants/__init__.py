"""Handwritten layers with a known mistake each."""
