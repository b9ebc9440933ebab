"""Models that give every pixel a class and every object its own mask."""
