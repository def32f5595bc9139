"""Programs that are never run: type checkers read them."""
