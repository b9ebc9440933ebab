"""The built-in click network, which is shown what the classic model knows."""
