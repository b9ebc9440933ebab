"""The SAM family: networks that encode an image once and then answer prompts fast."""
