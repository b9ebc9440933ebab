"""Work off the window's thread: requests, replies, the engine's process."""
