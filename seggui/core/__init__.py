"""Values and rules: documents, masks, edits, prompts; numpy only."""
