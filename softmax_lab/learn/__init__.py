"""Asks, checks, and says what became of it."""
