"""The digits, a known answer, a text."""
