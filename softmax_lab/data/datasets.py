"""The course's data: real digits, the same with noise, a known answer, a text.

Nothing is downloaded: the digits come with scikit-learn, the text with the
course. Every function gives the same arrays for the same seed.
"""

from importlib.resources import files
from typing import NamedTuple

import numpy as np

from softmax_lab.base.extras import needed_by
from softmax_lab.core.probabilities import check_temperature
from softmax_lab.core.sampling import check_rng, sample


class Examples(NamedTuple):
    """Images or logits, one row an example, and the true class of each."""

    inputs: np.ndarray
    labels: np.ndarray


def digits(seed=0):
    """Return (train, test): 1,257 and 540 handwritten digits.

    The classes keep their shares in both parts.

    Each is Examples with inputs (N, 64), pixels from 0 (paper) to 1 (ink), and
    labels (N,), the digits 0 to 9.
    Source: Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits",
    UCI Machine Learning Repository, 1998, as shipped with scikit-learn.

    >>> train, test = digits()
    >>> train.inputs.shape, test.inputs.shape
    ((1257, 64), (540, 64))
    """
    images, labels = load_images()
    return split(images, labels, [1257, 540], check_rng(seed))


def noisy_digits(seed=0, noise=0.5, train_size=300):
    """Return (train, held_out, test): digits too hard for so few examples.

    Gaussian noise of standard deviation `noise` on every pixel, and no more
    than 300 examples to learn from: a network fits those perfectly and is then
    far too sure of the rest. `held_out` is for `fit_temperature`, which must
    not see what the model was trained on.

    Returns three Examples as `digits` does; the last two share what is left.

    >>> [len(part.labels) for part in noisy_digits()]
    [300, 748, 749]
    """
    images, labels = load_images()
    rng = check_rng(seed)
    images = images + rng.normal(0, noise, images.shape)
    left = len(labels) - train_size
    return split(images, labels, [train_size, left // 2, left - left // 2], rng)


def capstone_digits(seed=0):
    """Return (train, held_out, test, elsewhere): digits as a camera sees them.

    Every image is turned by an angle drawn evenly from -30 to 30 degrees, and
    gets Gaussian noise of standard deviation 0.2 on every pixel. Besides, the
    digits are not equally frequent: in the first three parts the shares of 0 to
    9 fall from 10/55 to 1/55 in even steps. `elsewhere` is what is left over, in
    which 9 is the commonest digit and 0 does not occur. No image is in two parts.

    Returns four Examples as `digits` does.

    >>> [len(part.labels) for part in capstone_digits()]
    [300, 339, 339, 819]
    """
    images, labels = load_images()
    rng = check_rng(seed)
    left = rng.permutation(len(labels))
    taken = []
    for digit, count in enumerate(np.round(978 * np.arange(10, 0, -1) / 55)):
        taken.append(left[labels[left] == digit][: int(count)])
    taken = np.concatenate(taken)
    parts = split(taken, labels[taken], [300, 339, 339], rng)
    elsewhere = np.setdiff1d(left, taken)
    parts = [*parts, Examples(elsewhere, labels[elsewhere])]
    return tuple(Examples(photos(images[p.inputs], rng), p.labels) for p in parts)


def photos(images, rng):
    """Turn each image (N, 64) by an angle of its own, and add noise."""
    with needed_by("This data set"):
        from scipy.ndimage import rotate

    angles = rng.uniform(-30, 30, len(images))
    squares = images.reshape(-1, 8, 8)
    turned = [
        rotate(square, angle, reshape=False, order=1)
        for square, angle in zip(squares, angles, strict=True)
    ]
    return np.reshape(turned, (-1, 64)) + rng.normal(0, 0.2, images.shape)


def known_answer(num_examples=5000, num_classes=10, temperature=3.0, seed=0):
    """Return logits of a model that is too sure by a known factor.

    Logits z are drawn at random, and each label from softmax(z): by
    construction softmax(z) is perfectly calibrated. What is handed over is
    T z. So the temperature to find is T, as nearly as N examples allow.

    Returns Examples with inputs (N, K), the logits, and labels (N,).

    >>> logits, labels = known_answer()
    >>> logits.shape, labels.shape
    ((5000, 10), (5000,))
    """
    temperature = check_temperature(temperature)
    rng = check_rng(seed)
    logits = rng.normal(0, 1.5, (num_examples, num_classes))
    return Examples(temperature * logits, sample(logits, rng=rng))


def alice():
    """Return the first chapter of a novel: 11 kB of English to learn letters from.

    Paragraphs are set apart by an empty line. The quotation marks are straight,
    italics are not kept; editions differ in a few words.
    Source: Lewis Carroll, "Alice's Adventures in Wonderland", London, 1865,
    chapter I. The author died in 1898, and the text is in the public domain.

    >>> alice()[:31]
    'Alice was beginning to get very'
    """
    return (files(__package__) / "alice.txt").read_text("ascii")


def load_images():
    """Return all 1,797 digits, (1797, 64) from 0 to 1, and their labels."""
    with needed_by("This data set"):
        from sklearn.datasets import load_digits  # takes seconds: only when wanted

    images, labels = load_digits(return_X_y=True)
    return images / 16, labels


def split(inputs, labels, sizes, rng):
    """Return shuffled Examples of these sizes, with each class's share kept."""
    from sklearn.model_selection import train_test_split

    parts = []
    for size in sizes[:-1]:
        seed = int(rng.integers(2**31))
        taken, inputs, taken_labels, labels = train_test_split(
            inputs, labels, train_size=size, stratify=labels, random_state=seed
        )
        parts.append(Examples(taken, taken_labels))
    return (*parts, Examples(inputs, labels))
