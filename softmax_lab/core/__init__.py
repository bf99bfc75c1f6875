"""The mathematics, in NumPy alone."""
