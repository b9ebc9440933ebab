"""The canvas: layers painted over an image."""
