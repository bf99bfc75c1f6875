"""The exercises of lesson 10: pairs that merge, shards, chunks and gigabytes."""

import numpy as np

from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(10)


def pair(part):
    """The largest logit of a part, and the sum of its weights relative to it."""
    top = np.max(part)
    return np.array([top, np.exp(part - top).sum()])


def pairs_of(shards):
    return np.array([pair(shard) for shard in shards])


# 1. Merge two pairs


def merge(one, other):
    top = max(one[0], other[0])
    shrunk = one[1] * np.exp(one[0] - top), other[1] * np.exp(other[0] - top)
    return np.array([top, sum(shrunk)])


def sums_not_rescaled(one, other):
    return np.array([max(one[0], other[0]), one[1] + other[1]])


def maxima_added(one, other):
    top = one[0] + other[0]
    return np.array(
        [top, one[1] * np.exp(one[0] - top) + other[1] * np.exp(other[0] - top)]
    )


def larger_maximum_kept_as_sum(one, other):
    return np.maximum(one, other)


def smaller_maximum(one, other):
    top = min(one[0], other[0])
    return np.array(
        [top, one[1] * np.exp(one[0] - top) + other[1] * np.exp(other[0] - top)]
    )


def sums_grown(one, other):
    top = max(one[0], other[0])
    return np.array(
        [top, one[1] * np.exp(top - one[0]) + other[1] * np.exp(top - other[0])]
    )


def both_sums_shrunk(one, other):
    shrink = np.exp(-abs(one[0] - other[0]))
    return np.array([max(one[0], other[0]), (one[1] + other[1]) * shrink])


def first_sum_shrunk(one, other):
    top = max(one[0], other[0])
    return np.array([top, one[1] * np.exp(one[0] - top) + other[1]])


def back_to_plain_weights(one, other):
    top = max(one[0], other[0])
    total = one[1] * np.exp(one[0]) + other[1] * np.exp(other[0])
    return np.array([top, total / np.exp(top)])


def log_sum_exp_for_the_sum(one, other):
    top, total = merge(one, other)
    return np.array([top, top + np.log(total)])


def first_pair_alone(one, other):
    return np.array(one)


ONE, OTHER, THIRD = pair(np.array([2.0, 1.0])), pair(np.array([0.1])), [5.0, 1.25]
MERGE = "my_merge(np.array([{}]), np.array([{}])), which should be [{}]"
UNEQUAL = MERGE.format("2.0, 1.0", "1.0, 1.0", "2.0, 1.368")


def turned_round_it_is_the_same(function):
    same = np.allclose(function(ONE, OTHER), function(OTHER, ONE), atol=1e-6)
    return same and np.allclose(function(OTHER, ONE), merge(ONE, OTHER), atol=1e-6)


def grouped_otherwise_it_is_the_same(function):
    third = np.array(THIRD)
    left = function(np.array(function(ONE, OTHER)), third)
    right = function(ONE, np.array(function(OTHER, third)))
    return np.allclose(left, right, atol=1e-6)


def it_is_the_pair_of_the_whole(function):
    row = np.random.default_rng(0).normal(0, 5, 100)
    for cut in (1, 50, 99):
        got = function(pair(row[:cut]), pair(row[cut:]))
        if not np.allclose(got, pair(row), atol=1e-5):
            return False
    return True


MERGE_PAIRS = Exercise(
    name="merge",
    reference=merge,
    inputs=[
        (ONE, OTHER),
        (OTHER, ONE),
        (np.array([3.0, 1.0]), np.array([3.0, 2.5])),  # equal maxima
        (np.array([1000.0, 1.5]), np.array([999.0, 1.0])),
        (np.array([-1000.0, 1.0]), np.array([-1001.0, 4.0])),
        (np.array([-np.inf, 0.0]), np.array([2.0, 1.5])),  # nothing seen yet
        (np.array([0.0, 3.0]), np.array([-5.0, 200.0])),
        (np.array([-2.0, 7.0]), np.array([1.5, 1.25])),
        (np.array([0.0, 2.0]), np.array([-2000.0, 9.0])),
        (pair(RNG.normal(0, 4, 50)), pair(RNG.normal(0, 4, 50))),
    ],
    properties={
        "it does not matter which pair comes first": turned_round_it_is_the_same,
        "three pairs may be grouped either way": grouped_otherwise_it_is_the_same,
        "two halves give the pair of the whole row": it_is_the_pair_of_the_whole,
    },
    mistakes=[
        Mistake(
            "adds the sums as they are",
            sums_not_rescaled,
            "Each sum is relative to its own maximum. A weight of 1 in the part with the "
            "lower maximum counts for less than 1 beside the higher one: shrink that sum "
            "by e^(its maximum - the new maximum) before adding.",
            UNEQUAL,
        ),
        Mistake(
            "takes the larger of both",
            larger_maximum_kept_as_sum,
            "The maximum of the whole is the larger of the two maxima, but its sum holds "
            "the weights of both parts. Add them, each relative to the new maximum.",
            UNEQUAL,
        ),
        Mistake(
            "adds the maxima",
            maxima_added,
            "The largest logit of two parts is the larger of their largest, not the sum "
            "of them. Only weights are added.",
            UNEQUAL,
        ),
        Mistake(
            "takes the smaller maximum",
            smaller_maximum,
            "Relative to the smaller maximum the other sum grows, and at a gap of 2000 "
            "it overflows. The larger maximum lets both sums shrink.",
            MERGE.format("0.0, 2.0", "-2000.0, 9.0", "0.0, 2.0"),
        ),
        Mistake(
            "lets the sums grow",
            sums_grown,
            "The exponent has the wrong sign. When the maximum rises, old weights become "
            "smaller beside it: e^(old maximum - new maximum), which is at most 1.",
            UNEQUAL,
        ),
        Mistake(
            "shrinks both sums",
            both_sums_shrunk,
            "The part that holds the new maximum is already relative to it, so its sum "
            "stays. Only the other one shrinks.",
            UNEQUAL,
        ),
        Mistake(
            "shrinks the first sum alone",
            first_sum_shrunk,
            "That is right if the first part has the lower maximum. Either part may: "
            "shrink each by its own distance to the new maximum, which may be 0.",
            UNEQUAL,
        ),
        Mistake(
            "goes back to plain weights",
            back_to_plain_weights,
            "On paper that is right. But e^1000 is inf, and inf / inf is nan; e^-1000 is "
            "0, and 0 / 0 is nan. Only differences of maxima may go into exp.",
            MERGE.format("1000.0, 1.5", "999.0, 1.0", "1000.0, 1.868"),
        ),
        Mistake(
            "returns log-sum-exp for the sum",
            log_sum_exp_for_the_sum,
            "The second number of a pair is the sum itself. Log-sum-exp is made of the "
            "pair at the very end: maximum + log(sum).",
            UNEQUAL,
        ),
        Mistake(
            "forgets the second pair",
            first_pair_alone,
            "The result stands for the logits of both parts.",
            UNEQUAL,
        ),
    ],
    hints=[
        "What is the largest logit of two parts together? Begin with that.",
        "A part's weights were computed relative to its old maximum. By which factor "
        "does each change when they are made relative to the new one?",
        "The factor is e to the power of old maximum less new maximum, for each of the "
        "two parts. Where the maximum stays, the factor is 1.",
    ],
    reason="All weights of a part hold the same factor, so their sum can be rescaled "
    "without seeing the logits again. That is why two numbers a part are enough.",
)


# 2. One shard's part of softmax


def shard_probs(shard, pairs):
    tops, sums = pairs[:, 0], pairs[:, 1]
    top = tops.max()
    total = (sums * np.exp(tops - top)).sum()
    return np.exp(shard - top) / total


def own_softmax(shard, pairs):
    weights = np.exp(shard - shard.max())
    return weights / weights.sum()


def own_softmax_over_shards(shard, pairs):
    return own_softmax(shard, pairs) / len(pairs)


def maximum_shared_sum_not(shard, pairs):
    weights = np.exp(shard - pairs[:, 0].max())
    return weights / weights.sum()


def sums_shared_maximum_not(shard, pairs):
    return np.exp(shard - shard.max()) / pairs[:, 1].sum()


def plain_sums_below_the_maximum(shard, pairs):
    return np.exp(shard - pairs[:, 0].max()) / pairs[:, 1].sum()


def own_maximum_over_the_total(shard, pairs):
    top = pairs[:, 0].max()
    total = (pairs[:, 1] * np.exp(pairs[:, 0] - top)).sum()
    return np.exp(shard - shard.max()) / total


def without_any_maximum(shard, pairs):
    return np.exp(shard) / (pairs[:, 1] * np.exp(pairs[:, 0])).sum()


def sums_rescaled_upwards(shard, pairs):
    top = pairs[:, 0].max()
    total = (pairs[:, 1] * np.exp(top - pairs[:, 0])).sum()
    return np.exp(shard - top) / total


def weights_not_divided(shard, pairs):
    return np.exp(shard - pairs[:, 0].max())


def log_probs_of_the_shard(shard, pairs):
    return np.log(shard_probs(shard, pairs))


TWO = [np.array([2.0, 1.0]), np.array([0.1, -1.0])]
FAR = [np.array([1000.0, 999.0]), np.array([0.0, 1.0])]
EIGHT = RNG.normal(0, 3, (8, 5))
SINGLE = RNG.normal(0, 3, (1, 4))
UNEQUAL_PARTS = [RNG.normal(0, 3, 2), RNG.normal(1, 3, 7), RNG.normal(-1, 3, 3)]
FLAT = np.zeros((4, 3))


def all_parts_sum_to_1(function):
    pairs = pairs_of(EIGHT)
    total = sum(np.sum(function(shard.copy(), pairs.copy())) for shard in EIGHT)
    return np.isclose(total, 1, atol=1e-5)


def it_equals_softmax_in_one_piece(function):
    pairs = pairs_of(UNEQUAL_PARTS)
    parts = [function(shard.copy(), pairs.copy()) for shard in UNEQUAL_PARTS]
    whole = own_softmax(np.concatenate(UNEQUAL_PARTS), None)
    return np.allclose(np.concatenate(parts), whole, atol=1e-6)


def order_of_the_pairs_does_not_matter(function):
    pairs = pairs_of(EIGHT)
    one = function(EIGHT[2].copy(), pairs.copy())
    return np.allclose(one, function(EIGHT[2].copy(), pairs[::-1].copy()), atol=1e-6)


SHARD = "my_shard_probs(np.array([{}]), np.array([[{}], [{}]])), which should be [{}]"
OWN_IS_LOWER = SHARD.format("1.0", "2.0, 1.368", "1.0, 1.0", "0.212")

SHARDED_SOFTMAX = Exercise(
    name="sharded softmax",
    reference=shard_probs,
    inputs=[
        (TWO[0], pairs_of(TWO)),
        (TWO[1], pairs_of(TWO)),
        (FAR[0], pairs_of(FAR)),
        (FAR[1], pairs_of(FAR)),
        (FAR[1] - 2000, pairs_of([FAR[0] - 2000, FAR[1] - 2000])),
        (EIGHT[0], pairs_of(EIGHT)),
        (EIGHT[5], pairs_of(EIGHT)),
        (SINGLE[0], pairs_of(SINGLE)),  # one shard alone
        (UNEQUAL_PARTS[1], pairs_of(UNEQUAL_PARTS)),
        (np.array([0.5]), pairs_of([[0.5], np.array([1.5, 0.5])])),  # one class
        (FLAT[1], pairs_of(FLAT)),
    ],
    properties={
        "the parts of all shards sum to 1": all_parts_sum_to_1,
        "it equals softmax in one piece": it_equals_softmax_in_one_piece,
        "the order of the pairs does not matter": order_of_the_pairs_does_not_matter,
    },
    mistakes=[
        Mistake(
            "lets the shard do its own softmax",
            own_softmax,
            "Then each of the shards gives out 1, and together they give out as many "
            "as there are shards. All of them share one cake: the pairs say how large "
            "the others are.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "divides its own softmax by the number of shards",
            own_softmax_over_shards,
            "Now everything sums to 1, but each shard gets the same part of it, however "
            "high its logits are. A shard's part is in its pair.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "shares the maximum but not the sum",
            maximum_shared_sum_not,
            "The maximum only sets the level; it cancels when a shard divides by its own "
            "sum, and each shard gives out 1 again. Divide by the sum over all shards.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "shares the sums but not the maximum",
            sums_shared_maximum_not,
            "Everything sums to 1, and yet it is wrong: in each shard the best class has "
            "the weight 1, as if all shards were equally good. Use one maximum for all, "
            "and shrink each sum to it.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "adds the sums as they are",
            plain_sums_below_the_maximum,
            "The weights are relative to the maximum of all, the sums still to the "
            "maximum of their shards. Multiply each sum by e^(its maximum - the largest) "
            "before adding.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "takes its own maximum for the weights",
            own_maximum_over_the_total,
            "The total is relative to the maximum of all shards, so the weights must be "
            "as well. With its own maximum a shard that is far behind gives out too much.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "does not subtract a maximum",
            without_any_maximum,
            "On paper it cancels. But e^1000 is inf, and inf / inf is nan. Only "
            "differences to the largest maximum may go into exp.",
            "my_shard_probs(np.array([1000.0]), np.array([[1000.0, 1.0], "
            "[1000.0, 1.0]])), which should be [0.5]",
        ),
        Mistake(
            "lets the sums grow",
            sums_rescaled_upwards,
            "The exponent has the wrong sign: e^(its maximum - the largest) is at most 1, "
            "so a shard that is behind counts for less.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "does not divide at all",
            weights_not_divided,
            "These are weights, the largest of all being 1. They become probabilities "
            "when each is divided by the total of all shards.",
            OWN_IS_LOWER,
        ),
        Mistake(
            "returns the logs",
            log_probs_of_the_shard,
            "The probabilities themselves are wanted, between 0 and 1.",
            OWN_IS_LOWER,
        ),
    ],
    hints=[
        "pairs[:, 0] holds the maxima of all shards, pairs[:, 1] their sums. Which "
        "maximum and which sum would softmax in one piece use?",
        "First the largest of the maxima. Then the total: each shard's sum, made "
        "relative to that largest maximum as in exercise 1, and added up.",
        "The shard's own weights are relative to the largest maximum as well, and are "
        "divided by the total.",
    ],
    reason="With the maximum and the total of all shards each device finishes alone. "
    "The logits of the other shards never arrive, only two numbers for each.",
)


# 3. What logits weigh


def logits_gigabytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each / 1e9


def in_bytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each


def as_bits(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each / 8 / 1e9


def in_bits(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each * 8 / 1e9


def in_gibibytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each / 2**30


def in_megabytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes * bytes_each / 1e6


def one_sequence(batch, length, num_classes, bytes_each):
    return length * num_classes * bytes_each / 1e9


def last_token_only(batch, length, num_classes, bytes_each):
    return batch * num_classes * bytes_each / 1e9


def numbers_not_bytes(batch, length, num_classes, bytes_each):
    return batch * length * num_classes / 1e9


def one_number_a_token(batch, length, num_classes, bytes_each):
    return batch * length * bytes_each / 1e9


def added_up(batch, length, num_classes, bytes_each):
    return (batch + length + num_classes) * bytes_each / 1e9


def twice_the_batch_is_twice_as_much(function):
    return np.isclose(function(64, 9, 500, 2), 2 * function(32, 9, 500, 2))


def half_the_bytes_is_half_as_much(function):
    return np.isclose(function(8, 64, 1000, 2), function(8, 64, 1000, 4) / 2)


WEIGH = "my_logits_gigabytes({}), which should be {}"
A_THOUSAND = WEIGH.format("1000, 1000, 1000, 4", "4.0")

LOGITS_MEMORY = Exercise(
    name="logits memory",
    reference=logits_gigabytes,
    inputs=[
        (32, 1024, 50_257, 4),
        (32, 1024, 50_257, 2),
        (1, 1, 1_000_000, 4),
        (8, 2048, 128_000, 2),
        (64, 1, 1000, 8),
        (1, 4096, 32_000, 4),
    ],
    properties={
        "twice the batch weighs twice as much": twice_the_batch_is_twice_as_much,
        "half the bytes a number, half the weight": half_the_bytes_is_half_as_much,
    },
    mistakes=[
        Mistake(
            "gives bytes",
            in_bytes,
            "The product is right, and in bytes. A gigabyte is a billion of them.",
            A_THOUSAND,
        ),
        Mistake(
            "gives megabytes",
            in_megabytes,
            "A million bytes are a megabyte; a gigabyte is a thousand of those.",
            A_THOUSAND,
        ),
        Mistake(
            "divides by 8",
            as_bits,
            "The size is given in bytes, so there are no bits to convert: a float32 has 4 "
            "bytes, which are 32 bits.",
            A_THOUSAND,
        ),
        Mistake(
            "counts bits",
            in_bits,
            "A byte has 8 bits, and here bytes are wanted: the size of a number is given "
            "in bytes already.",
            A_THOUSAND,
        ),
        Mistake(
            "counts in powers of 2",
            in_gibibytes,
            "2^30 bytes are a gibibyte, GiB, 7 % more than a gigabyte. Here 1 GB is a "
            "billion bytes.",
            A_THOUSAND,
        ),
        Mistake(
            "forgets the batch",
            one_sequence,
            "That is one sequence. A batch holds several, and all their logits are there "
            "at once.",
            A_THOUSAND,
        ),
        Mistake(
            "forgets the length",
            last_token_only,
            "That is one token of each sequence. In training every token predicts the "
            "next, so every token has a row of logits.",
            A_THOUSAND,
        ),
        Mistake(
            "forgets the bytes of a number",
            numbers_not_bytes,
            "That is how many numbers there are. Each takes bytes_each bytes.",
            A_THOUSAND,
        ),
        Mistake(
            "forgets the classes",
            one_number_a_token,
            "A token has not one logit but one for each class.",
            A_THOUSAND,
        ),
        Mistake(
            "adds the sizes",
            added_up,
            "Each of the sequences has that many tokens, and each token that many logits: "
            "multiply.",
            A_THOUSAND,
        ),
    ],
    hints=[
        "How many logits are there? Begin with those of one token.",
        "One token has num_classes logits. There are length tokens in a sequence, and "
        "batch sequences.",
        "Multiply the number of logits by the bytes of each, and divide by a billion, "
        "1e9.",
    ],
    reason="Batch, length and vocabulary multiply. That is why the logits of the last "
    "layer are often the largest array of a whole training step.",
)


# 4. A loss that meets its logits chunk by chunk


def chunked_loss(chunks, label):
    top, total = -np.inf, 0.0
    for chunk in chunks:
        higher = max(top, chunk.max())
        total = total * np.exp(top - higher) + np.exp(chunk - higher).sum()
        top = higher
    return top + np.log(total) - chunks[label // len(chunk)][label % len(chunk)]


def logit_of(chunks, label):
    return chunks.ravel()[label]


def lse_of(chunk):
    return chunk.max() + np.log(np.exp(chunk - chunk.max()).sum())


def without_the_true_logit(chunks, label):
    return lse_of(chunks.ravel())


def sum_of_the_chunks(chunks, label):
    return sum(lse_of(chunk) for chunk in chunks) - logit_of(chunks, label)


def mean_of_the_chunks(chunks, label):
    return np.mean([lse_of(chunk) for chunk in chunks]) - logit_of(chunks, label)


def largest_of_the_chunks(chunks, label):
    return max(lse_of(chunk) for chunk in chunks) - logit_of(chunks, label)


def chunk_of_the_label_alone(chunks, label):
    return lse_of(chunks[label // chunks.shape[1]]) - logit_of(chunks, label)


def last_chunk_alone(chunks, label):
    return lse_of(chunks[-1]) - logit_of(chunks, label)


def total_not_rescaled(chunks, label):
    top, total = -np.inf, 0.0
    for chunk in chunks:
        top = max(top, chunk.max())
        total += np.exp(chunk - top).sum()
    return top + np.log(total) - logit_of(chunks, label)


def every_chunk_its_own_maximum(chunks, label):
    total = sum(np.exp(chunk - chunk.max()).sum() for chunk in chunks)
    return chunks.max() + np.log(total) - logit_of(chunks, label)


def without_maximum(chunks, label):
    return np.log(sum(np.exp(chunk).sum() for chunk in chunks)) - logit_of(
        chunks, label
    )


def chunk_and_place_swapped(chunks, label):
    place, chunk = divmod(label, len(chunks))
    return lse_of(chunks.ravel()) - chunks[chunk][place]


def label_in_the_first_chunk(chunks, label):
    return lse_of(chunks.ravel()) - chunks[0][label % chunks.shape[1]]


def minus_the_loss(chunks, label):
    return logit_of(chunks, label) - lse_of(chunks.ravel())


def maximum_not_added(chunks, label):
    return np.log(np.exp(chunks - chunks.max()).sum()) - logit_of(chunks, label)


LOSS = "my_chunked_loss(np.array([{}]), {}), which should be {}"
IN_TWO = LOSS.format("[0.0, 1.0], [2.0, 0.0]", 1, 1.494)


def losses_make_probabilities(function):
    row = np.random.default_rng(0).normal(0, 5, (4, 3))
    total = sum(np.exp(-function(row.copy(), label)) for label in range(12))
    return np.isclose(total, 1, atol=1e-5)


def chunks_may_be_of_any_size(function):
    row = np.random.default_rng(1).normal(0, 5, 12)
    losses = [function(row.reshape(n, -1).copy(), 7) for n in (1, 2, 3, 4, 6, 12)]
    return np.allclose(losses, losses[0], atol=1e-6)


def large_shift_changes_nothing(function):
    row = np.random.default_rng(2).normal(0, 2, (3, 4))
    return np.isclose(function(row + 1024, 5), function(row, 5), atol=1e-3)


CHUNKED_LOSS = Exercise(
    name="chunked loss",
    reference=chunked_loss,
    inputs=[
        (np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]]), 0),
        (np.array([[0.0, 1.0], [2.0, 0.0]]), 1),
        (np.array([[0.0, 1.0], [2.0, 0.0]]), 2),
        (np.array([[1000.0, 0.0], [999.0, 1000.0]]), 3),
        (np.array([[-1000.0, -1001.0], [-1002.0, -1000.0]]), 2),
        (np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), 4),
        (np.array([[5.0, 1.0, 2.0, 0.5]]), 3),  # one chunk
        (RNG.normal(0, 4, (7, 3)), 11),
        (RNG.normal(0, 4, (3, 8)), 23),
        (np.array([[0.0, -800.0], [0.0, 1.0]]), 1),
    ],
    properties={
        "e^-loss, summed over all labels, is 1": losses_make_probabilities,
        "the size of the chunks does not matter": chunks_may_be_of_any_size,
        "a shift of all logits by 1024 changes nothing": large_shift_changes_nothing,
    },
    mistakes=[
        Mistake(
            "returns log-sum-exp",
            without_the_true_logit,
            "That is the first half. The loss is log-sum-exp less the logit of the true "
            "class.",
            IN_TWO,
        ),
        Mistake(
            "looks into the chunk of the label alone",
            chunk_of_the_label_alone,
            "The rivals of the true class sit in all chunks, so the log-sum-exp must run "
            "over all of them.",
            IN_TWO,
        ),
        Mistake(
            "adds the log-sum-exps of the chunks",
            sum_of_the_chunks,
            "Sums add, their logs do not: adding logs multiplies. Carry the maximum and "
            "the sum from chunk to chunk, and take one log at the end.",
            IN_TWO,
        ),
        Mistake(
            "averages the chunks",
            mean_of_the_chunks,
            "A chunk with low logits would pull the loss down. The weights of all chunks "
            "go into one sum.",
            IN_TWO,
        ),
        Mistake(
            "takes the largest chunk",
            largest_of_the_chunks,
            "The other chunks hold rivals as well. Their weights are smaller, not 0.",
            IN_TWO,
        ),
        Mistake(
            "keeps the last chunk alone",
            last_chunk_alone,
            "Maximum and sum start again with each chunk. Set them before the loop, and "
            "let each chunk add to them.",
            IN_TWO,
        ),
        Mistake(
            "forgets to rescale the running sum",
            total_not_rescaled,
            "When a chunk brings a higher maximum, the sum so far is still relative to "
            "the old one. Multiply it by e^(old maximum - new maximum).",
            IN_TWO,
        ),
        Mistake(
            "gives every chunk a maximum of its own",
            every_chunk_its_own_maximum,
            "Sums that are relative to different maxima cannot be added. Make them "
            "relative to one.",
            IN_TWO,
        ),
        Mistake(
            "does not subtract a maximum",
            without_maximum,
            "e^1000 is inf, and e^-1000 is rounded to 0, whose log is -inf. Carry the "
            "largest logit so far, and subtract it before exp.",
            LOSS.format("[1000.0, 0.0], [999.0, 1000.0]", 3, 0.862),
        ),
        Mistake(
            "swaps chunk and place",
            chunk_and_place_swapped,
            "A chunk holds consecutive classes. With chunks of 3, label 4 is in chunk "
            "4 // 3 = 1, at the place 4 % 3 = 1; divide by the size of a chunk, not by "
            "their number.",
            LOSS.format("[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]", 1, 2.556),
        ),
        Mistake(
            "looks for the label in the first chunk",
            label_in_the_first_chunk,
            "The true class may be in any chunk: label // size says in which.",
            LOSS.format("[0.0, 1.0], [2.0, 0.0]", 2, 0.494),
        ),
        Mistake(
            "returns minus the loss",
            minus_the_loss,
            "This is the log of the probability, which is below 0. The loss is minus "
            "that.",
            IN_TWO,
        ),
        Mistake(
            "does not put the maximum back",
            maximum_not_added,
            "The log of the shifted sum is too small by the maximum: log-sum-exp is "
            "maximum + log(sum).",
            IN_TWO,
        ),
    ],
    hints=[
        "The loss is log-sum-exp over all chunks, less one logit. Take the two parts one "
        "after the other.",
        "Go through the chunks once and carry a pair. Each chunk has a maximum and a sum "
        "too, and you know how two pairs merge.",
        "Start with minus infinity and 0. For the true logit: whole division of the "
        "label by the size of a chunk says which chunk, the remainder says where in it.",
    ],
    reason="One chunk is in memory at a time, and the pair carries all that the earlier "
    "ones have to say.",
)


EXERCISES = [MERGE_PAIRS, SHARDED_SOFTMAX, LOGITS_MEMORY, CHUNKED_LOSS]
