"""Settings for all tests."""

import os
import tempfile

import pytest
from hypothesis import settings

from softmax_lab.base import store

# The tests, and the kernels that they start, know nothing of who runs them.
NOBODY = tempfile.TemporaryDirectory()
os.environ["SOFTMAX_LAB_HOME"] = NOBODY.name

# The same examples on every run, so that a red build means a changed course; to
# search for new ones: pytest --hypothesis-profile=search
settings.register_profile("course", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=5000, deadline=None)
settings.load_profile("course")


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """The folder of a learner who has answered nothing yet."""
    folder = tmp_path / "learner"
    monkeypatch.setenv("SOFTMAX_LAB_HOME", str(folder))
    yield folder
    store.STORES.clear()
