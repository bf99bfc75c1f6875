"""One step of a sharded softmax, over devices or processes; run by its tests.

    python tests/lessons/shards.py 8 dtensor mirrored
    python tests/lessons/shards.py 1 worker

dtensor     the classes of eight logical devices along a mesh
mirrored    the same, with an exchange written by hand
worker      one of two processes, named by TF_CONFIG

Prints one line: {kind: what every shard ended up with} as JSON.
"""

import json
import os
import sys

import numpy as np

from softmax_lab import starting_tensorflow

SHARDS = {"dtensor": 8, "mirrored": 8, "worker": 2}


def logits(kind):
    """The rows; those of the cluster are far apart, so that maxima matter."""
    rows = np.random.default_rng(0).normal(0, 4, (4, 50_256)).astype("float32")
    return (
        rows
        if kind != "worker"
        else rows[:, :1000] + np.float32([[0] * 500 + [90] * 500])
    )


def slices(kind):
    return np.split(logits(kind), SHARDS[kind], axis=1)


def start(devices):
    """Start TensorFlow with so many logical processors."""
    global tf
    with starting_tensorflow():
        import tensorflow as tf

        (processor,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(
            processor, devices * [tf.config.LogicalDeviceConfiguration()]
        )


def finish(part):
    """What each replica does: exchange the maximum, then the sum, and divide."""
    context = tf.distribute.get_replica_context()
    own = tf.reduce_max(part, axis=1, keepdims=True)
    # there is a SUM among the reductions, and no MAX
    top = tf.reduce_max(context.all_gather(own, axis=1), axis=1, keepdims=True)
    weights = tf.exp(part - top)
    total = context.all_reduce("SUM", tf.reduce_sum(weights, axis=1, keepdims=True))
    return top, total, weights / total


def dtensor():
    from tensorflow.experimental import dtensor

    names = [f"CPU:{k}" for k in range(8)]
    mesh = dtensor.create_mesh([("shards", 8)], devices=names)
    layout = dtensor.Layout([dtensor.UNSHARDED, "shards"], mesh)
    sharded = dtensor.pack([tf.constant(part) for part in slices("dtensor")], layout)
    top = tf.reduce_max(sharded, axis=1, keepdims=True)
    weights = tf.exp(sharded - top)
    total = tf.reduce_sum(weights, axis=1, keepdims=True)
    return [dtensor.unpack(tensor) for tensor in (top, total, weights / total)]


def mirrored():
    strategy = tf.distribute.MirroredStrategy([f"CPU:{k}" for k in range(8)])
    mine = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(
            slices("mirrored")[context.replica_id_in_sync_group]
        )
    )
    step = tf.function(lambda part: strategy.run(finish, args=(part,)))
    return [strategy.experimental_local_results(value) for value in step(mine)]


def worker():
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    place = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    step = tf.function(lambda part: strategy.run(finish, args=(part,)))
    return [[value] for value in step(tf.constant(slices("worker")[place]))]


if __name__ == "__main__":
    start(int(sys.argv[1]))
    said = {}
    for kind in sys.argv[2:]:
        made = zip(["tops", "totals", "probs"], globals()[kind](), strict=True)
        said[kind] = {name: np.array(parts).tolist() for name, parts in made}
    print(json.dumps(said))
