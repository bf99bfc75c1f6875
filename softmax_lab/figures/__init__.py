"""Pictures, and what makes them live."""
