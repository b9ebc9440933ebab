"""Docks of the window, one panel each."""
