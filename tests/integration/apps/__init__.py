"""What the real servers run: one application in three interfaces, and their configurations."""
