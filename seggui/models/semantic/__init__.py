"""Models that give every pixel a class."""
