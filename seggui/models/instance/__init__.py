"""Models that find every object of their classes."""
