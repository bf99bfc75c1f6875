"""What learners hand in for lesson 10; test_exercises.py tries it all."""

import numpy as np
import scipy.special

from softmax_lab.lessons.lesson_10 import exercises as ten

# Right answers in other styles


def merged_with_branches(one, other):
    (m1, s1), (m2, s2) = one, other
    if m1 >= m2:
        return [m1, s1 + s2 * np.exp(m2 - m1)]
    return [m2, s2 + s1 * np.exp(m1 - m2)]


def merged_as_an_array(one, other):
    both = np.stack([one, other])
    top = both[:, 0].max()
    return np.array([top, both[:, 1] @ np.exp(both[:, 0] - top)])


def merged_by_the_total(one, other):
    top = np.maximum(one[0], other[0])
    total = scipy.special.logsumexp([one[0], other[0]], b=[one[1], other[1]])
    return np.array([top, np.exp(total - top)])


def looped_shard(shard, pairs):
    top, total = -np.inf, 0.0
    for m, s in pairs:
        higher = max(top, m)
        total = total * np.exp(top - higher) + s * np.exp(m - higher)
        top = higher
    return [np.exp(z - top) / total for z in shard]


def shard_by_its_log(shard, pairs):
    whole = scipy.special.logsumexp(pairs[:, 0] + np.log(pairs[:, 1]))
    return np.exp(shard - whole)


def shard_with_its_part(shard, pairs):
    """Its own softmax, times the part of the cake that is the shard's."""
    largest = pairs[:, 0].max()
    parts = pairs[:, 1] * np.exp(pairs[:, 0] - largest)
    own = np.exp(shard - shard.max())
    mine = own.sum() * np.exp(shard.max() - largest)
    return own / own.sum() * mine / parts.sum()


def weighed_in_steps(batch, length, num_classes, bytes_each):
    total = 0
    for _ in range(batch):
        total += length * num_classes * bytes_each
    return total / 10**9


def weighed_by_shape(batch, length, num_classes, bytes_each):
    return float(np.prod([batch, length, num_classes, bytes_each], dtype=float) * 1e-9)


def loss_of_the_chunks_totals(chunks, label):
    totals = [scipy.special.logsumexp(chunk) for chunk in chunks]
    return scipy.special.logsumexp(totals) - np.concatenate(chunks)[label]


def loss_with_a_counter(chunks, label):
    top, total, seen, true = float("-inf"), 0.0, 0, None
    for chunk in chunks:
        if seen <= label < seen + len(chunk):
            true = chunk[label - seen]
        seen += len(chunk)
        peak = chunk.max()
        part = np.exp(chunk - peak).sum()
        if peak > top:
            total, top = total * np.exp(top - peak) + part, peak
        else:
            total += part * np.exp(peak - top)
    return np.log(total) + top - true


def loss_one_logit_at_a_time(chunks, label):
    answer = -np.inf
    for z in chunks.ravel():
        answer = np.logaddexp(answer, z)
    return answer - chunks.flat[label]


RIGHT = {
    "merge": [merged_with_branches, merged_as_an_array, merged_by_the_total],
    "sharded softmax": [looped_shard, shard_by_its_log, shard_with_its_part],
    "logits memory": [
        weighed_in_steps,
        weighed_by_shape,
        lambda batch, length, num_classes, bytes_each: (
            bytes_each * num_classes / 1000 * length / 1000 * batch / 1000
        ),
    ],
    "chunked loss": [
        loss_of_the_chunks_totals,
        loss_with_a_counter,
        loss_one_logit_at_a_time,
        lambda chunks, label: -scipy.special.log_softmax(chunks.ravel())[label],
    ],
}


# Known mistakes in other words


def merged_without_shrinking(one, other):
    if one[0] > other[0]:
        return [one[0], one[1] + other[1]]
    return [other[0], other[1] + one[1]]


def shard_that_subtracts_what_it_has(shard, pairs):
    scaled = np.exp(shard - np.max(shard))
    return scaled / sum(total for _, total in pairs)


def shard_of_scipy(shard, pairs):
    return scipy.special.softmax(shard)


def gibibytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each / 1024 / 1024 / 1024


def loss_that_forgets(chunks, label):
    top, total = chunks[0].max(), 0
    for chunk in chunks:
        if chunk.max() > top:
            top = chunk.max()
        total = total + np.sum(np.exp(chunk - top))
    return np.log(total) + top - np.ravel(chunks)[label]


def added_losses(chunks, label):
    return np.sum(scipy.special.logsumexp(chunks, axis=1)) - chunks.ravel()[label]


VARIANTS = [
    ("merge", merged_without_shrinking, "adds the sums as they are"),
    (
        "merge",
        lambda one, other: np.array([max(one[0], other[0]), max(one[1], other[1])]),
        "takes the larger of both",
    ),
    (
        "sharded softmax",
        shard_that_subtracts_what_it_has,
        "shares the sums but not the maximum",
    ),
    ("sharded softmax", shard_of_scipy, "lets the shard do its own softmax"),
    ("logits memory", gibibytes, "counts in powers of 2"),
    (
        "logits memory",
        lambda batch, length, num_classes, bytes_each: (
            batch * length * num_classes * 8 * bytes_each / 1e9
        ),
        "counts bits",
    ),
    ("chunked loss", loss_that_forgets, "forgets to rescale the running sum"),
    ("chunked loss", added_losses, "adds the log-sum-exps of the chunks"),
]

CLAIMS = [
    (ten.back_to_plain_weights, ([1000.0, 1.5], [999.0, 1.0]), [1000, np.nan]),
    (ten.back_to_plain_weights, ([-1000.0, 1.0], [-1001.0, 4.0]), [-1000, np.nan]),
    (ten.smaller_maximum, ([0.0, 2.0], [-2000.0, 9.0]), [-2000, np.inf]),
    (np.sum, (ten.own_softmax(ten.EIGHT[0], None),), 1),
    (ten.without_any_maximum, ([1000.0], np.array([[1000.0, 1.0]] * 2)), [np.nan]),
    (np.round, (100 * (2**30 / 1e9 - 1),), 7),
    (ten.without_maximum, (np.array([[1000.0, 0.0]]), 0), np.inf),
    (ten.without_maximum, (np.array([[-1000.0, -1000.0]]), 0), -np.inf),
    (np.divmod, (4, 3), (1, 1)),
]
