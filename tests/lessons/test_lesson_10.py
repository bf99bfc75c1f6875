"""Lesson 10: shards on devices and in processes of their own, and what it claims."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
import scipy.special
import shards
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from places import NOTEBOOKS

from softmax_lab.lessons.lesson_10 import exercises as ten

pytestmark = pytest.mark.slow

LESSON = NOTEBOOKS / "10_softmax_at_scale.ipynb"
CELLS = {cell.id: cell for cell in nbformat.read(LESSON, as_version=4).cells}
SECONDS = 180  # TensorFlow starts three times, perhaps on a busy machine


# The same softmax, on devices and in processes


def started(*words, **environment):
    script = Path(__file__).with_name("shards.py")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen(
        [sys.executable, str(script), *words],
        env=os.environ | quiet | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def said():
    """What eight devices in one process, and two workers, ended up with."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    tasks = [{"type": "worker", "index": index} for index in range(2)]
    processes = [started("8", "dtensor", "mirrored")]
    processes += [
        started("1", "worker", TF_CONFIG=json.dumps({"cluster": cluster, "task": task}))
        for task in tasks
    ]
    try:
        told = [process.communicate(timeout=SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, (_, complaints) in zip(processes, told, strict=True):
        assert process.returncode == 0, complaints[-3000:]
    devices, *workers = [json.loads(out.splitlines()[-1]) for out, _ in told]
    return devices | {"workers": [worker["worker"] for worker in workers]}


def in_one_piece(kind):
    rows = shards.logits(kind).astype(float)
    top = rows.max(axis=1, keepdims=True)
    total = np.exp(rows - top).sum(axis=1, keepdims=True)
    return top, total, scipy.special.softmax(rows, axis=1)


@pytest.mark.parametrize("kind", ["dtensor", "mirrored"])
def test_eight_devices_agree_with_softmax_in_one_piece(kind, said):
    said = said[kind]
    top, total, probs = in_one_piece(kind)
    assert np.shape(said["probs"]) == (8, 4, 50_256 // 8)
    for device in range(8):
        assert_allclose(said["tops"][device], top, rtol=1e-6)
        assert_allclose(said["totals"][device], total, rtol=1e-5)
    assert_allclose(np.concatenate(said["probs"], axis=1), probs, atol=1e-6)


def free_ports(count):
    """Ports of this machine that nobody uses; all are held until all are found."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def test_two_processes_with_half_the_classes_each_make_one_softmax(said):
    both = said["workers"]
    top, total, probs = in_one_piece("worker")
    for said in both:  # each knows the maximum and the sum of both
        assert_allclose(said["tops"], [top], rtol=1e-6)
        assert_allclose(said["totals"], [total], rtol=1e-5)
    halves = [said["probs"][0] for said in both]
    assert_allclose(np.concatenate(halves, axis=1), probs, atol=1e-6)
    assert np.shape(halves) == (2, 4, 500)


def test_the_half_that_is_far_behind_needs_the_other_ones_maximum():
    """Without it, the two processes above would be right by chance."""
    low, high = shards.slices("worker")
    assert (high.max(axis=1) - low.max(axis=1) > 80).all()


# What the lesson says


def test_nobody_without_tensorflow_misses_an_exercise_or_a_question():
    order = list(CELLS)
    for name in order[order.index("tensorflow") :]:
        calls = ("check(", "predict(", "quiz(")
        assert not any(call in CELLS[name].source for call in calls), name


def test_no_timing_is_compared_to_the_letter():
    """What is stored of a clock is whether something holds, never a time."""
    for name in ("cost-numbers", "cost-clock", "speed-clock"):
        (output,) = CELLS[name].outputs
        for line in output.text.splitlines():
            assert line.rsplit(": ", 1)[-1] in ("True", line), line
    assert "ms" not in CELLS["cost-figure"].outputs[-1].data["text/plain"]


# Merging


parts = st.lists(
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5), min_size=1, max_size=6
)


@given(parts, st.randoms(use_true_random=False))
def test_pairs_merge_in_any_order(parts, random):
    pairs = [ten.pair(np.array(part)) for part in parts]
    whole = ten.pair(np.concatenate(parts))
    while len(pairs) > 1:
        random.shuffle(pairs)
        pairs.append(ten.merge(pairs.pop(), pairs.pop()))
    assert_allclose(pairs[0], whole, rtol=1e-10)
    assert_allclose(ten.merge(np.array([-np.inf, 0.0]), whole), whole)


@given(parts)
def test_shards_make_one_softmax(parts):
    pairs = ten.pairs_of(parts)
    made = [ten.shard_probs(np.array(part), pairs) for part in parts]
    whole = scipy.special.softmax(np.concatenate(parts))
    assert_allclose(np.concatenate(made), whole, atol=1e-12)
    alone = [ten.own_softmax(np.array(part), pairs).sum() for part in parts]
    assert sum(alone) == pytest.approx(len(parts))
