"""The built-in click network: a small network that sees what the classic model knows."""
