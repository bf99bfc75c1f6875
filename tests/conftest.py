"""Settings for all tests."""

from hypothesis import settings

# The same examples on every run, so that a red build means a changed course; to
# search for new ones: pytest --hypothesis-profile=search
settings.register_profile("course", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=5000, deadline=None)
settings.load_profile("course")
