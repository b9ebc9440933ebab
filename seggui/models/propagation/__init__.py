"""Models that carry masks from image to image."""
