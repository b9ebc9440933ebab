"""Models that answer points, boxes and text with candidates."""
