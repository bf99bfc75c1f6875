"""What lesson 7 rests on: its text, and the mathematics that its cells only sample."""

import fnmatch
import tomllib

import nbformat
import numpy as np
import pytest
from numpy.testing import assert_allclose
from places import PACKAGE, ROOT
from scipy.integrate import quad
from scipy.stats import gumbel_r

from softmax_lab import alice, entropy, softmax

LESSON = ROOT / "notebooks" / "07_temperature.ipynb"
ROWS = np.random.default_rng(0).normal(0, 2, (20, 5))
each_temperature = pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0, 7.0])


def prose():
    cells = nbformat.read(LESSON, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


# The text


def test_the_text_is_plain_and_whole():
    text = alice()
    assert text.isascii()
    assert text.startswith("Alice was beginning to get very tired of sitting")
    assert text.endswith("So she set to work, and very soon finished off the cake.\n")
    assert not set(text) & set("`_*[]{}<>")  # nothing that an editor left behind
    assert max(map(len, text.splitlines())) <= 73
    assert text.count('"') % 2 == 0


def test_the_lesson_says_what_the_text_is_and_how_long():
    length = len(" ".join(alice().lower().split()))
    for said in ["Lewis Carroll", "1865", "public domain"]:
        assert said in prose()
        assert said in " ".join(alice.__doc__.split())
    assert f"{length:,} characters" in prose()


def test_every_data_file_of_the_package_is_installed_with_it():
    setup = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = setup["tool"]["setuptools"]["package-data"]["*"]
    files = [p for p in PACKAGE.rglob("*") if p.is_file()]
    for file in files:
        if file.suffix not in (".py", ".pyc"):
            assert (file.parent / "__init__.py").exists(), file
            assert any(fnmatch.fnmatch(file.name, p) for p in patterns), file


# What a temperature does, without sampling


@each_temperature
def test_the_largest_noisy_logit_is_a_draw_from_softmax(temperature):
    """P(class i on top) = ∫ f(x - z_i) Π_{j≠i} F(x - z_j) dx, for Gumbel f and F."""
    z = np.array([2.0, 1.0, 0.1]) / temperature

    def on_top(i):
        def density(x):
            others = gumbel_r.cdf(x - np.delete(z, i))
            return gumbel_r.pdf(x - z[i]) * others.prod()

        return quad(density, -10, 60, epsabs=1e-10, points=[0, 5, 10])[0]

    assert_allclose([on_top(i) for i in range(3)], softmax(z), atol=1e-7)


@each_temperature
def test_entropy_rises_by_the_variance_of_the_logits(temperature):
    """dH/dT = Var(z) / T³, and a variance is never below 0."""
    step = 1e-4 * temperature
    ahead = entropy(softmax(ROWS, temperature=temperature + step))
    behind = entropy(softmax(ROWS, temperature=temperature - step))
    probs = softmax(ROWS, temperature=temperature)
    mean = (probs * ROWS).sum(axis=1)
    variance = (probs * ROWS**2).sum(axis=1) - mean**2
    slope = (ahead - behind) / (2 * step)
    assert_allclose(slope, variance / temperature**3, rtol=1e-4, atol=1e-7)


def test_a_hot_students_gradient_is_the_difference_of_the_logits():
    """T² (p - q) / T goes to (z - v) / K, for logits less their means."""
    student, teacher = ROWS[:10], ROWS[10:]
    temperature = 1e5
    p, q = (softmax(z, temperature=temperature) for z in (student, teacher))
    centred = [z - z.mean(axis=1, keepdims=True) for z in (student, teacher)]
    wanted = (centred[0] - centred[1]) / ROWS.shape[1]
    assert_allclose(temperature * (p - q), wanted, atol=1e-3)
