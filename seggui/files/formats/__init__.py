"""Formats other tools read and write, one module each."""
