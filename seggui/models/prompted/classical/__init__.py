"""Classical methods as prompted models: nothing learnt, no torch."""
