"""Training of the click network on scenes with masks, real and put together."""
