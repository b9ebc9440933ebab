"""Tools of the canvas, one gesture each."""
