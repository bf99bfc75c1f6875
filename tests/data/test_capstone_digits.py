"""The photos of the capstone: who is in which part, and what was done to them."""

import numpy as np

from softmax_lab import capstone_digits


def shares(part):
    return np.bincount(part.labels, minlength=10) / len(part.labels)


def test_the_first_three_parts_have_the_same_shares_and_elsewhere_has_others():
    train, held_out, test, elsewhere = capstone_digits()
    for part in (train, held_out, test):
        assert np.allclose(shares(part), np.arange(10, 0, -1) / 55, atol=0.005)
    assert (np.diff(shares(elsewhere)) > 0).all()
    assert shares(elsewhere)[0] == 0


def test_every_image_is_in_one_part(monkeypatch):
    """Numbered images, left as they are, all come out once."""
    numbered = np.tile(np.arange(1797.0)[:, None], 64), np.arange(1797) % 10
    monkeypatch.setattr("softmax_lab.data.datasets.load_images", lambda: numbered)
    monkeypatch.setattr("softmax_lab.data.datasets.photos", lambda images, rng: images)
    parts = capstone_digits(seed=1)
    found = np.concatenate([part.inputs[:, 0] for part in parts])
    assert np.array_equal(np.sort(found), np.arange(1797))


def test_the_same_seed_gives_the_same_photos_and_another_seed_others():
    first, again, other = capstone_digits(), capstone_digits(seed=0), capstone_digits(1)
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.inputs, two.inputs)
        assert np.array_equal(one.labels, two.labels)
    assert not np.array_equal(first[0].inputs, other[0].inputs)


def test_the_photos_are_the_digits_turned_and_with_noise():
    from softmax_lab.data.datasets import load_images, photos

    images = load_images()[0][:200]
    noise = photos(0 * images, np.random.default_rng(0))
    assert abs(noise.std() - 0.2) < 0.005
    turned = photos(images, np.random.default_rng(0)) - noise
    assert 0.1 < abs(turned - images).mean() < 0.2
    assert 0.85 < turned.sum() / images.sum() < 1  # corners are turned out of sight
