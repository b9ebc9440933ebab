"""Questions the window asks."""
