"""Models that turn an image, and perhaps a prompt, into masks."""
