"""Training in a process of its own; the run folder is its only voice."""
