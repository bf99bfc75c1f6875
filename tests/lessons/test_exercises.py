"""Every exercise, by what a learner may hand in."""

import ast
import inspect
import json
import re
import textwrap
import warnings
from copy import deepcopy
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import scipy.special
from places import LESSONS, PACKAGE

from softmax_lab import starting_tensorflow
from softmax_lab.base import store
from softmax_lab.learn.check import check, solution
from softmax_lab.lessons import catalogue
from softmax_lab.lessons.lesson_01 import exercises as lesson_01
from softmax_lab.lessons.lesson_02 import exercises as lesson_02
from softmax_lab.lessons.lesson_03 import exercises as three
from softmax_lab.lessons.lesson_04 import exercises as four
from softmax_lab.lessons.lesson_05 import exercises as five

EXERCISES = catalogue.exercises()
VALUES = [e for e in EXERCISES.values() if e.accepts]
BUILDERS = [e for e in EXERCISES.values() if e.call]  # of Keras models
FUNCTIONS = [e for e in EXERCISES.values() if not (e.accepts or e.call)]
NOT_OURS = re.compile(
    r"\b(simply|just|obviously)\b|!(?!=)"
    r"|normaliz|recogniz|\bcolor|\bfavor\b|behavior|\bcenter|labeled|\blearned\b",
    re.IGNORECASE,
)
CHECKED = re.compile(r'check\("(.+?)", (my_\w+)\)')
MY_NAMES = {  # what an exercise's function is called in its lesson
    name: function
    for path in LESSONS
    for cell in json.loads(path.read_text("utf-8"))["cells"]
    for name, function in CHECKED.findall("".join(cell["source"]))
}
# Lessons 1 to 4 have their learners' answers here, the later ones in a file each.
LEARNERS = [
    import_module(path.stem)
    for path in sorted(Path(__file__).parent.glob("learners_[0-9]*.py"))
]


def of_learners(name, empty):
    """All that the files of the later lessons say under this name, together."""
    found = [getattr(module, name, empty) for module in LEARNERS]
    if isinstance(empty, list):
        return [item for part in found for item in part]
    return {key: value for part in found for key, value in part.items()}


EXEMPT = of_learners("EXEMPT", {})


def is_exempt(exercise, test):
    """Whether its lesson says why this general test does not fit an exercise."""
    return test in EXEMPT.get(exercise.name, {})


def by_name(exercises):
    """Each of these exercises; those that build Keras models wait for TensorFlow."""
    waits = {True: [pytest.mark.slow], False: []}
    cases = [pytest.param(e, id=e.name, marks=waits[bool(e.call)]) for e in exercises]
    return pytest.mark.parametrize("exercise", cases)


each_exercise = by_name(EXERCISES.values())
each_function = by_name(FUNCTIONS)


@pytest.fixture(autouse=True)
def a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("SOFTMAX_LAB_HOME", str(tmp_path))
    store.STORES.clear()
    yield
    store.STORES.clear()


@pytest.fixture(autouse=True)
def keras_where_it_is_needed(request):
    """Started before the clock of a check runs, and only if the test needs it."""
    exercise = getattr(request.node, "callspec", None)
    exercise = exercise and exercise.params.get("exercise")
    if exercise and exercise.call:
        with starting_tensorflow():
            import tensorflow as tf

            tf.zeros(1)


def arity(exercise):
    return len(exercise.inputs[0])


def texts(exercise):
    """All that a learner may read, apart from the solution."""
    yield from exercise.hints
    yield exercise.reason
    yield from exercise.properties or {}
    for mistake in exercise.mistakes:
        yield from (mistake.name, mistake.message, mistake.experiment)


# The exercises themselves


def test_no_two_exercises_share_a_name():
    files = sorted((PACKAGE / "lessons").glob("lesson_*/exercises.py"))
    names = [f"softmax_lab.lessons.{file.parent.name}.exercises" for file in files]
    lessons = [import_module(name).EXERCISES for name in names]
    assert [e for lesson in lessons for e in lesson] == list(EXERCISES.values())


@by_name(FUNCTIONS + BUILDERS)
def test_an_untouched_stub_is_not_attempted(exercise):
    assert check(exercise.name, lambda *args: None).state == "not attempted"
    assert check(exercise.name, None).state == "not attempted"


@by_name(VALUES)
def test_untouched_values_are_not_attempted(exercise):
    untouched = (None,) * len(exercise.reference)
    assert check(exercise.name, untouched).state == "not attempted"
    one_left = (*exercise.reference[:-1], None)
    assert check(exercise.name, one_left).state == "not attempted"


@each_exercise
def test_the_reference_is_right(exercise):
    assert check(exercise.name, exercise.reference).state == "right"


@each_exercise
def test_a_known_mistake_is_called_by_its_name(exercise):
    """And by no other's that stands before it."""
    for mistake in exercise.mistakes:
        result = check(exercise.name, mistake.wrong)
        assert result.state in ("wrong", "raised"), mistake.name
        assert result.mistake == mistake.name
        assert mistake.message in repr(result), mistake.name
        assert mistake.experiment in repr(result), mistake.name


@each_exercise
def test_it_knows_at_least_four_mistakes(exercise):
    at_least = 4 if exercise in lesson_01.EXERCISES else 5
    assert len({mistake.name for mistake in exercise.mistakes}) >= at_least


@each_function
def test_its_inputs_are_many_and_varied(exercise):
    assert 5 <= len(exercise.inputs) <= 12
    assert 2 <= len(exercise.properties) <= 5


# Hints and solutions


@each_exercise
def test_three_hints_are_earned_and_then_the_solution(exercise):
    wrong = [lambda *args: 7e9, lambda *args: 8e9, lambda *args: 9e9]
    if exercise.accepts or exercise.call:
        told = {mistake.name: mistake.wrong for mistake in exercise.mistakes}
        wrong = list(told.values())
    results = [check(exercise.name, answer) for answer in wrong[:3]]
    assert [len(result.hints) for result in results] == [1, 2, 3]
    assert results[-1].hints == exercise.hints
    assert [bool(result.solution) for result in results] == [False, False, True]


def lines_of_the_solution(exercise):
    """The lines after the first, and what they compute."""
    if not callable(exercise.reference):
        yield str(exercise.reference)
        return
    for line in inspect.getsource(exercise.reference).splitlines()[1:]:
        code = line.partition("#")[0].strip()
        for part in {code, code.removeprefix("return "), code.partition("= ")[2]}:
            if len(part) > 8:
                yield part


@each_exercise
def test_no_hint_contains_a_line_of_the_solution(exercise):
    assert len(exercise.hints) == 3
    for line in lines_of_the_solution(exercise):
        for hint in exercise.hints:
            assert line.replace(" ", "") not in hint.replace(" ", "")


@by_name(FUNCTIONS + BUILDERS)
def test_the_solution_stands_on_its_own_and_is_short(exercise):
    source = textwrap.dedent(inspect.getsource(exercise.reference))
    assert solution(exercise).startswith(source.strip())
    assert len(source.splitlines()) <= 8
    namespace = {"np": np}
    if exercise.call:
        import keras

        namespace["keras"] = keras
    exec(source, namespace)
    assert check(exercise.name, namespace[exercise.reference.__name__]).state == "right"


# What is said


@each_exercise
def test_it_is_in_house_style(exercise):
    for text in texts(exercise):
        assert not NOT_OURS.search(text), text
        assert "`" not in text, text  # shown as it stands
        assert text == " ".join(text.split()), text
    for mistake in exercise.mistakes:
        assert mistake.name[0].islower() or mistake.name[0].isdigit()
        assert mistake.name[-1] not in ".?"
        assert mistake.message[-1] in ".?"
        assert 1 <= len(re.findall(r"[.?](?= |$)", mistake.message)) <= 3
    for text in [*exercise.hints, exercise.reason]:
        assert text[-1] in ".?"


@each_exercise
def test_mistakes_of_one_name_are_told_the_same_way(exercise):
    for name in {mistake.name for mistake in exercise.mistakes}:
        told = [m.message for m in exercise.mistakes if m.name == name]
        bare = {re.sub(r"-?\d[\d.e-]*", "0", message) for message in told}
        assert len(bare) == 1, name


def lesson_05_names():
    """What its experiments use, besides the answer."""
    return {"loss_at": five.loss_at, "identity_model": five.identity_model}


def run(code, **names):
    """Run lines as a cell does and return the value of the last."""
    tree = ast.parse(code)
    last = ast.Expression(tree.body.pop().value)
    namespace = {"np": np, **lesson_05_names(), **names}
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        exec(compile(tree, "cell", "exec"), namespace)
        return eval(compile(last, "cell", "eval"), namespace)


@by_name([e for e in FUNCTIONS + BUILDERS if e not in lesson_01.EXERCISES])
def test_an_experiment_runs_and_shows_the_mistake(exercise):
    name = MY_NAMES[exercise.name]
    for mistake in exercise.mistakes:
        code, _, wanted = mistake.experiment.partition(", which should be ")
        assert name in code, mistake.name
        wanted = ast.literal_eval(wanted)
        right = run(code, **{name: exercise.reference})
        assert np.allclose(right, wanted, atol=6e-4), mistake.name
        try:
            shown = np.asarray(run(code, **{name: mistake.wrong}))
        except Exception:  # TensorFlow has some of its own
            continue
        same = shown.shape == np.shape(wanted) and np.allclose(shown, wanted, atol=2e-3)
        assert not same, mistake.name


@by_name([e for e in FUNCTIONS if e in lesson_01.EXERCISES])
def test_the_experiments_of_lesson_1_name_its_functions(exercise):
    for mistake in exercise.mistakes:
        for name in re.findall(r"\bmy_\w+", mistake.experiment):
            assert name == MY_NAMES[exercise.name]


PROBS = scipy.special.softmax([2.0, 1.0, 0.1])
FACTS = {  # each number with a decimal point, recomputed
    "709.78": np.log(np.finfo(float).max),
    "0.693": np.log(2),
    "2.718": np.exp(1),
    "1.649": np.exp(0.5),
    "1.443": 1 / np.log(2),
    "0.368": np.exp(1 - 2),
    "5.693": 5 + np.log(2),
    "0.313": np.log1p(np.exp(-1)),
    "1.313": np.log1p(np.exp(1)),
    "0.511": scipy.special.rel_entr([0.5, 0.5], [0.9, 0.1]).sum(),
    "69.078": -np.log(1e-30),
    "2.303": np.log(10),
    "6.908": np.log(1000),
    "3.322": np.log2(10),
    "23.026": 10 * np.log(10),
    "0.1": 1 / 10,
    "0.001": 1 / 1000,
    "0.659": PROBS[0],
    "0.099": PROBS[2],
    "1000.693": 1000 + np.log(2),
    **of_learners("FACTS", {}),
}
GIVEN = {"0.5", "0.9", *of_learners("GIVEN", [])}
EPSILON_FACTS = {f"{-np.log(epsilon):.3f}" for epsilon in three.EPSILONS}


def test_every_number_with_decimals_is_recomputed():
    found = set()
    for exercise in EXERCISES.values():
        for mistake in exercise.mistakes:
            found |= set(re.findall(r"\d+\.\d+", mistake.message))
    assert found - set(FACTS) - EPSILON_FACTS - GIVEN == set()
    for text, value in FACTS.items():
        assert f"{value:.{len(text.partition('.')[2])}f}" == text


def test_0_368_is_also_the_kl_divergence_the_other_way_round():
    assert f"{scipy.special.rel_entr([0.9, 0.1], [0.5, 0.5]).sum():.3f}" == "0.368"


NAN, INF = np.nan, np.inf
CLAIMS = [  # what the messages say of a wrong answer: (function, arguments, result)
    (lesson_02.no_maximum, ([[1000, 1000]],), [[NAN, NAN]]),
    (lesson_02.no_maximum, ([[-746, -746]],), [[NAN, NAN]]),
    (lesson_02.no_maximum, ([[-745, -745]],), [[0.5, 0.5]]),
    (lesson_02.maximum_of_the_batch, ([[1000, 1000], [0, 1]],), [[0.5] * 2, [NAN] * 2]),
    (np.exp, (2000 - np.mean([0, 2000, 0]),), INF),
    (np.floor, (2000 - np.mean([0, 2000, 0]),), 1333),
    (lesson_02.divided_by_the_maximum, ([[2, 1]],), lesson_02.no_maximum([[1, 0.5]])),
    (lesson_02.clipped_logits, ([[1000, 999, 998]],), [[1 / 3] * 3]),
    (lesson_02.nan_replaced, ([[1000, 1000]],), [[0, 0]]),
    (lesson_02.log_of_softmax, ([0, -800],), [0, -INF]),
    (lesson_02.log_of_naive_softmax, ([1000, 1000],), [NAN, NAN]),
    (lesson_02.log_sum_without_maximum, ([1000, 0],), [-INF, -INF]),
    (lesson_02.log_sum_without_maximum, ([-1000, -1000],), [INF, INF]),
    (lesson_02.log_forgotten, ([5],), [-1]),
    (lesson_02.masked_logits_set_to_0, ([-3, -3, 2], [1, 1, 0]), [0.045, 0.045, 0.909]),
    (lesson_02.maximum_of_all, ([1000, 0, 1], [0, 1, 1]), [NAN] * 3),
    (lesson_02.infinity_times_0, ([0, 0], [1, 1]), [NAN, NAN]),
    (
        lesson_02.masked_with(-1000),
        ([-1000, -1001, 0], [1, 1, 0]),
        [0.422, 0.155, 0.422],
    ),
    (lesson_02.maximum_starts_at_0, ([-1000, -1001],), -INF),
    (lesson_02.first_counted_twice, ([5.0],), 5.693),
    (lesson_02.nothing_subtracted, ([1000, 1000],), INF),
    (lesson_02.nothing_subtracted, ([-1000, -1000],), -INF),
    (lesson_02.new_maximum_not_added, ([5.0],), -INF),
    (lesson_02.sum_starts_again, ([1.0, 2.0, 3.0],), 3),
    (three.log_of_softmax, ([[0, -800]], [1]), [INF]),
    (three.without_maximum, ([[1000, 1000], [-1000, -1000]], [0, 0]), [INF, -INF]),
    (three.maximum_of_the_batch, ([[1000, 1000], [0, 1]], [0, 0]), [0.693, -INF]),
    (three.softmax_twice, ([[0, -800], [0, -800]], [0, 1]), [0.313, 1.313]),
    (three.log_to_base_2, ([[0, -800]], [1]), [INF]),
    (three.zero_times_infinity, ([1, 0], [0.9, 0.1]), NAN),
    (three.cross_entropy_of_two, ([0.5, 0.5], [0.5, 0.5]), 0.693),
    (three.one_without_maximum, ([0, -800], 1), 800),
    (three.one_without_maximum, ([1000, 0], 1), INF),
    (three.only_the_logit, ([0, -800], 1), 800),
    (three.only_the_gap, ([1000, 1000], 0), 0),
    (three.loss, ([1000, 1000], 0), 0.693),
    (four.of_squared_error, ([0, -800], 1), [0, 0]),
    (four.gradient, ([0, -800], 1), [1, -1]),
    (four.without_maximum, ([1000, 1000], 0), [NAN, NAN]),
    (four.by_the_probabilities, ([0, 0], 1), [0, -2]),
    (four.forward(0.01), (lambda x: (x**2).sum(), [0, 0]), [0.01, 0.01]),
    (four.backward(0.01), (lambda x: (x**2).sum(), [0, 0]), [-0.01, -0.01]),
    *of_learners("CLAIMS", []),
]


@pytest.mark.parametrize(("function", "args", "result"), CLAIMS)
def test_what_the_messages_say_of_a_wrong_answer_is_so(function, args, result):
    arrays = [
        np.array(arg, dtype=float if place == 0 else None)
        if isinstance(arg, list)
        else arg
        for place, arg in enumerate(args)
    ]
    if function in (lesson_02.maximum_of_all, lesson_02.infinity_times_0):
        arrays[1] = arrays[1].astype(bool)
    with np.errstate(all="ignore"):
        got = function(*arrays)
    assert np.allclose(got, result, atol=6e-4, equal_nan=True)


def test_the_largest_float_has_309_digits():
    assert len(str(int(np.nan_to_num(INF)))) == 309


MOVED, SMALL_STEP = "moves x and does not move it back", "takes too small a step"


def test_a_function_to_differentiate_is_shown_as_its_formula():
    result = check("finite difference", four.forward(1e-5))
    assert "(x**2).sum(), [0, 0, 0]" in repr(result)


def test_nothing_is_shown_as_wrong_that_looks_right():
    for name in ("log softmax", "cross-entropy", "log of zero", "finite difference"):
        for mistake in EXERCISES[name].mistakes:
            rows = dict(check(name, mistake.wrong).rows)
            if mistake.name not in ("moves x back by arithmetic", MOVED, SMALL_STEP):
                assert rows["expected"] != rows["got"], mistake.name


# Right answers in other styles


def looped_softmax(logits):
    rows = []
    for row in logits:
        weights = [np.exp(z - max(row)) for z in row]
        rows.append([weight / sum(weights) for weight in weights])
    return rows


def einsum_softmax(logits):
    weights = np.exp(logits - np.max(logits, axis=1)[:, None])
    return np.einsum("nk,n->nk", weights, 1 / np.einsum("nk->n", weights))


def softmax_in_place(logits):
    probs = logits.copy()
    probs -= probs.max(axis=-1, keepdims=True)
    np.exp(probs, out=probs)
    probs /= probs.sum(axis=-1, keepdims=True)
    return probs


def looped_log_softmax(logits):
    top = max(logits)
    total = top + np.log(sum(np.exp(z - top) for z in logits))
    return [z - total for z in logits]


def log_softmax_in_place(logits):
    log_probs = np.array(logits)
    log_probs -= log_probs.max()
    log_probs -= np.log(np.sum(np.exp(log_probs)))
    return log_probs


def looped_masked_softmax(logits, keep):
    top = max(z for z, kept in zip(logits, keep, strict=True) if kept)
    weights = [
        np.exp(z - top) if kept else 0.0 for z, kept in zip(logits, keep, strict=True)
    ]
    return [weight / sum(weights) for weight in weights]


def masked_softmax_in_place(logits, keep):
    probs = logits.copy()
    probs[~keep] = -np.inf
    probs -= probs.max()
    np.exp(probs, out=probs)
    probs /= probs.sum()
    return probs


def masked_softmax_of_the_kept(logits, keep):
    probs = np.zeros_like(logits)
    probs[keep] = scipy.special.softmax(logits[keep])
    return probs


def masked_with_a_billion(logits, keep):
    return scipy.special.softmax(np.where(keep, logits, -1e9))


def logsumexp_with_branches(stream):
    top, total = stream[0], 1.0
    for x in stream[1:]:
        if x <= top:
            total += np.exp(x - top)
        else:
            total = total * np.exp(top - x) + 1.0
            top = x
    return top + np.log(total)


def logsumexp_by_pairs(stream):
    answer = -np.inf
    for x in stream:
        answer = np.logaddexp(answer, x)
    return answer


def looped_cross_entropy(logits, labels):
    losses = []
    for row, label in zip(logits, labels, strict=True):
        top = max(row)
        losses.append(top + np.log(sum(np.exp(z - top) for z in row)) - row[label])
    return losses


def einsum_cross_entropy(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    log_probs = scipy.special.log_softmax(logits, axis=1)
    return -np.einsum("nk,nk->n", one_hot, log_probs)


def cross_entropy_in_place(logits, labels):
    shifted = logits.copy()
    shifted -= shifted.max(axis=1, keepdims=True)
    losses = -np.take_along_axis(shifted, labels[:, None], axis=1)[:, 0]
    np.exp(shifted, out=shifted)
    losses += np.log(shifted.sum(axis=1))
    return losses


def looped_kl(targets, probs):
    total = 0.0
    for q, p in zip(targets, probs, strict=True):
        if q > 0:
            total += q * (np.log(q) - np.log(p))
    return total


def kl_from_two_entropies(targets, probs):
    cross_entropy = -scipy.special.xlogy(targets, probs).sum()
    return cross_entropy - scipy.special.entr(targets).sum()


def kl_with_where(targets, probs):
    return np.where(targets > 0, targets * np.log(targets / probs), 0).sum()


def looped_loss(logits, label):
    return np.log(sum(np.exp(z - logits[label]) for z in logits - max(logits))) - max(
        logits
    )


def loss_by_odds(logits, label):
    return np.logaddexp.reduce(logits - logits[label])


def loss_in_place(logits, label):
    work = logits.copy()
    work -= work.max()
    at_label = work[label]
    np.exp(work, out=work)
    return np.log(work.sum()) - at_label


def looped_gradient(logits, label):
    weights = [np.exp(z - max(logits)) for z in logits]
    return [w / sum(weights) - (k == label) for k, w in enumerate(weights)]


def gradient_in_place(logits, label):
    gradient = logits.copy()
    gradient -= gradient.max()
    np.exp(gradient, out=gradient)
    gradient /= gradient.sum()
    gradient[label] -= 1
    return gradient


def looped_jacobian(probs):
    places = range(len(probs))
    return [[probs[i] * ((i == j) - probs[j]) for j in places] for i in places]


def einsum_jacobian(probs):
    pairs = np.einsum("i,j->ij", probs, probs)
    return np.einsum("i,ij->ij", probs, np.eye(len(probs))) - pairs


def jacobian_in_place(probs):
    table = -probs[:, None] * probs
    table[np.diag_indices(len(probs))] += probs
    return table


def looped_difference(function, x):
    slopes = []
    for i in range(len(x)):
        ahead, behind = x.copy(), x.copy()
        ahead[i] += 1e-6
        behind[i] -= 1e-6
        slopes.append((function(ahead) - function(behind)) / (ahead[i] - behind[i]))
    return slopes


def difference_that_puts_back(function, x):
    gradient = np.empty_like(x)
    for i, old in enumerate(x.copy()):
        x[i] = old + 1e-4
        gradient[i] = function(x)
        x[i] = old - 1e-4
        gradient[i] -= function(x)
        x[i] = old
    return gradient / 2e-4


def in_arrays(function):
    return lambda *args: np.array(function(*args))


def in_float32(function):
    """The whole computation in float32, its result included."""

    def lower(value):
        is_float = getattr(value, "dtype", None) == np.float64
        return value.astype(np.float32) if is_float else value

    return lambda *args: np.float32(function(*map(lower, args)))


RIGHT = {
    "softmax": [
        looped_softmax,
        einsum_softmax,
        softmax_in_place,
        lambda batch: scipy.special.softmax(batch, axis=1),
        lesson_02.stable_softmax,
    ],
    "stable softmax": [
        looped_softmax,
        einsum_softmax,
        softmax_in_place,
        lambda logits: scipy.special.softmax(logits, axis=-1),
        lambda logits: np.exp(scipy.special.log_softmax(logits, axis=-1)),
        lambda logits: np.stack([softmax_in_place(row) for row in logits]),
    ],
    "log softmax": [
        looped_log_softmax,
        log_softmax_in_place,
        scipy.special.log_softmax,
        lambda logits: logits - scipy.special.logsumexp(logits),
        lambda logits: logits - np.logaddexp.reduce(logits),
    ],
    "masked softmax": [
        looped_masked_softmax,
        masked_softmax_in_place,
        masked_softmax_of_the_kept,
        masked_with_a_billion,
        lambda logits, keep: scipy.special.softmax(np.where(keep, logits, -np.inf)),
    ],
    "online log-sum-exp": [
        logsumexp_with_branches,
        logsumexp_by_pairs,
        scipy.special.logsumexp,
        lambda stream: float(logsumexp_with_branches(list(stream))),
        lambda stream: (
            max(stream) + np.log(np.exp(np.array(stream) - max(stream)).sum())
        ),
    ],
    "cross-entropy": [
        looped_cross_entropy,
        einsum_cross_entropy,
        cross_entropy_in_place,
        lambda logits, labels: (
            scipy.special.logsumexp(logits, axis=1) - logits[range(len(labels)), labels]
        ),
    ],
    "entropy plus kl": [
        looped_kl,
        kl_from_two_entropies,
        kl_with_where,
        lambda targets, probs: scipy.special.rel_entr(targets, probs).sum(),
        lambda targets, probs: np.einsum("k->", scipy.special.kl_div(targets, probs)),
    ],
    "log of zero": [
        loss_by_odds,
        loss_in_place,
        lambda logits, label: -scipy.special.log_softmax(logits)[label],
        lambda logits, label: float(scipy.special.logsumexp(logits) - logits[label]),
    ],
    "untrained loss": [
        lambda num_classes: -np.log(1 / num_classes),
        lambda num_classes: float(scipy.special.logsumexp(np.zeros(num_classes))),
        lambda num_classes: np.float32(np.log(num_classes)),
        lambda num_classes: scipy.special.entr(
            np.full(num_classes, 1 / num_classes)
        ).sum(),
    ],
    "gradient": [
        looped_gradient,
        gradient_in_place,
        lambda logits, label: (
            scipy.special.softmax(logits) - np.eye(len(logits))[label]
        ),
    ],
    "jacobian": [
        looped_jacobian,
        einsum_jacobian,
        jacobian_in_place,
        lambda probs: probs[:, None] * (np.eye(len(probs)) - probs),
    ],
    "finite difference": [
        looped_difference,
        difference_that_puts_back,
        *[four.central(h) for h in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)],
    ],
    "threshold": [
        lambda miss, alarm: 1 / (miss / alarm),
        lambda miss, alarm: np.float64(alarm) / miss,
    ],
    **of_learners("RIGHT", {}),
}
EASY_IN_LISTS = [
    e
    for e in FUNCTIONS
    if e.name not in ("threshold", "untrained loss") and not is_exempt(e, "list")
]
right_answers = pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param(name, answer, id=f"{name}-{answer.__name__}")
        for name, answers in RIGHT.items()
        for answer in answers
    ],
)


def test_each_exercise_was_tried_in_other_styles():
    assert set(RIGHT) == {exercise.name for exercise in FUNCTIONS}


@right_answers
def test_a_right_answer_in_another_style_is_accepted(name, answer):
    assert check(name, answer).state == "right"
    assert check(name, in_arrays(answer)).state == "right"


@by_name(EASY_IN_LISTS)
def test_a_plain_list_is_accepted(exercise):
    reference = exercise.reference
    result = check(exercise.name, lambda *args: np.asarray(reference(*args)).tolist())
    assert result.state == "right"


@by_name(
    [
        e
        for e in FUNCTIONS
        if e.name not in ("threshold", "finite difference")
        and not is_exempt(e, "float32")
    ]
)
def test_an_answer_computed_in_float32_is_accepted(exercise):
    assert check(exercise.name, in_float32(exercise.reference)).state == "right"


@pytest.mark.parametrize(
    "values",
    [
        ("blind spots", (-7, 2)),
        ("blind spots", (0.5, -1.0)),
        ("blind spots", (100, 9)),
        ("let 7 win", (-10, -4)),
        ("let 7 win", (np.float32(-3), -50.0)),
        *of_learners("RIGHT_VALUES", []),
    ],
)
def test_other_right_values_are_accepted(values):
    assert check(*values).state == "right"


@pytest.mark.slow
def test_answers_in_tensorflow_are_accepted():
    with warnings.catch_warnings(action="ignore"):  # its imports are its own
        tf = pytest.importorskip("tensorflow")

    def gradient(logits, label):
        logits = tf.Variable(logits)
        with tf.GradientTape() as tape:
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
        return tape.gradient(loss, logits)

    def masked_softmax(logits, keep):
        return tf.nn.softmax(tf.where(keep, logits, tf.cast(-np.inf, logits.dtype)))

    def loss(logits, label):
        return -tf.nn.log_softmax(logits)[label]

    answers = {
        "softmax": tf.nn.softmax,
        "stable softmax": tf.nn.softmax,
        "log softmax": tf.nn.log_softmax,
        "masked softmax": masked_softmax,
        "online log-sum-exp": tf.reduce_logsumexp,
        "cross-entropy": lambda logits, labels: (
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        ),
        "log of zero": loss,
        "untrained loss": lambda num_classes: tf.math.log(float(num_classes)),
        "gradient": gradient,
        "jacobian": lambda p: tf.linalg.diag(p) - p[:, None] * p[None, :],
    }
    for name, answer in answers.items():
        assert check(name, answer).state == "right", name
    noisy = check("log softmax", lambda logits: tf.math.log(tf.nn.softmax(logits)))
    assert noisy.mistake == "takes the log of the finished softmax"


# Wrong answers that nobody declared


def results_of(change, reference):
    return lambda *args: change(np.asarray(reference(*args)))


@each_function
def test_the_answer_to_another_exercise_is_not_accepted(exercise):
    for other in FUNCTIONS:
        both = (other.name, exercise.name)
        if other is exercise or both == ("stable softmax", "softmax"):
            continue
        if is_exempt(exercise, other.name):
            continue
        if arity(other) == arity(exercise):
            assert check(exercise.name, other.reference).state != "right", other.name


@by_name([e for e in FUNCTIONS if not is_exempt(e, "constant")])
def test_constants_are_not_accepted(exercise):
    for value in (0, 1, 0.5, -1, np.nan, np.inf):
        filled = results_of(lambda r, v=value: np.full(r.shape, v), exercise.reference)
        for answer in (lambda *args, v=value: v, filled):
            assert check(exercise.name, answer).state in ("wrong", "raised"), value


@each_function
def test_the_right_answer_to_the_first_input_is_no_answer_to_all(exercise):
    first = exercise.reference(*deepcopy(exercise.inputs[0]))
    assert check(exercise.name, lambda *args: first).state == "wrong"


@by_name([e for e in FUNCTIONS if not is_exempt(e, "noise")])
def test_noise_in_the_third_digit_is_not_accepted(exercise):
    rng = np.random.default_rng(0)
    noise = [lambda result: result + rng.normal(0, 1e-3, result.shape)]
    for size in (1e-3, -1e-3):
        noise.append(lambda result, size=size: result + size)
        noise.append(lambda result, size=size: result * (1 + size))
    for change in noise:
        answer = results_of(change, exercise.reference)
        assert check(exercise.name, answer).state == "wrong"


CHANGES = {
    "transposed": np.transpose,
    "first row only": lambda result: result[:1],
    "first row repeated": lambda result: np.broadcast_to(result[:1], result.shape),
    "rows turned round": lambda result: result[::-1],
    "one axis more": lambda result: result[None],
    "one axis more at the end": lambda result: result[..., None],
    "rounded": lambda result: result.round(3),
    "minus": np.negative,
    "halved": lambda result: result / 2,
    "negative ones cut off": lambda result: np.maximum(result, 0),
    "sorted": lambda result: np.sort(result, axis=-1),
    "as text": lambda result: str(result),
}
HARMLESS = {  # these change nothing about a right answer
    "rounded": lambda e: e.name == "threshold",
    "transposed": lambda e: e.name not in ("softmax", "stable softmax"),
    "negative ones cut off": lambda e: (
        e.name not in ("log softmax", "gradient", "jacobian", "finite difference")
        and e.name != "online log-sum-exp"
    ),
}
NEEDS_AXIS = ("first row only", "first row repeated", "rows turned round", "sorted")


@each_function
def test_a_right_answer_that_was_changed_is_not_accepted(exercise):
    is_single = np.ndim(exercise.reference(*deepcopy(exercise.inputs[0]))) == 0
    for name, change in CHANGES.items():
        harmless = HARMLESS.get(name, lambda e: False)(exercise)
        if harmless or is_exempt(exercise, name) or (is_single and name in NEEDS_AXIS):
            continue
        answer = results_of(change, exercise.reference)
        assert check(exercise.name, answer).state in ("wrong", "raised"), name


@by_name([e for e in FUNCTIONS if isinstance(e.inputs[0][0], np.ndarray)])
def test_an_answer_that_spoils_its_input_is_not_accepted(exercise):
    def spoils(first, *rest):
        answer = exercise.reference(first, *rest)
        first *= 2
        return answer

    result = check(exercise.name, spoils)
    assert result.state == "wrong"
    assert "changes its input" in repr(result)


@pytest.mark.parametrize("h", [1e-2, 0.1, 1.0])
def test_too_large_a_step_is_found_by_a_property(h):
    result = check("finite difference", four.central(h))
    assert result.state == "wrong"
    assert "its step is small enough" in repr(result)


def test_an_answer_that_spoils_what_it_differentiates_is_not_accepted():
    assert check("finite difference", four.never_moved_back(1e-5)).state == "wrong"


@pytest.mark.parametrize(
    "values",
    [
        ("blind spots", (5, 0.0)),
        ("blind spots", (np.nan, 3)),
        ("blind spots", (3, np.inf)),
        ("blind spots", (-101, 2)),
        ("let 7 win", (np.nan, np.nan)),
        ("let 7 win", (-2.5, -2.5)),
        ("let 7 win", (-50.0, -2.0)),
        ("let 7 win", (50.0, -50.0)),
        *of_learners("WRONG_VALUES", []),
    ],
)
def test_other_wrong_values_are_not_accepted(values):
    assert check(*values).state in ("wrong", "raised")


# Known mistakes, as others would write them


def keepdims_forgotten_in_a_method(logits):
    weights = np.exp(logits - np.amax(logits, 1))
    return weights / np.sum(weights, 1)


def log_of_the_parts(logits):
    weights = np.exp(logits - np.max(logits))
    return np.log(weights / np.sum(weights) + 1e-8)


def logs_of_a_loop(logits):
    weights = [np.exp(z - max(logits)) for z in logits]
    return np.array([np.log(w / sum(weights)) for w in weights])


def finished_and_masked(logits, keep):
    probs = scipy.special.softmax(logits)
    probs[~keep] = 0
    return probs


def finished_masked_and_renormalised(logits, keep):
    probs = scipy.special.softmax(logits) * keep
    return probs / probs.sum()


def maximum_updated_before_rescaling(stream):
    top, total = float("-inf"), 0
    for x in stream:
        if x > top:
            top = x
        total *= np.exp(top - top)
        total += np.exp(x - top)
    return np.log(total) + top


def clipped_cross_entropy(logits, labels):
    probs = np.clip(scipy.special.softmax(logits, axis=1), 1e-12, 1)
    return np.array([-np.log(row[k]) for row, k in zip(probs, labels, strict=True)])


def mean_over_examples(logits, labels):
    log_probs = scipy.special.log_softmax(logits, axis=1)
    return -np.mean(log_probs[np.arange(len(labels)), labels])


def unmasked_difference(targets, probs):
    return -(targets * np.log(probs)).sum() + (targets * np.log(targets)).sum()


def masked_bits(targets, probs):
    total = 0.0
    for q, p in zip(targets, probs, strict=True):
        if q > 0:
            total += q * np.log2(q / p)
    return total


def epsilon_on_the_logits(logits, label):
    return -np.log(scipy.special.softmax(logits + 1e-8)[label])


def slope_ahead(function, x):
    gradient = []
    for i in range(len(x)):
        moved = x.copy()
        moved[i] = moved[i] + 1e-6
        gradient.append((function(moved) - function(x)) / 1e-6)
    return gradient


VARIANTS = [
    ("stable softmax", keepdims_forgotten_in_a_method, "forgets keepdims twice"),
    (
        "stable softmax",
        lesson_01.softmax,
        "does not subtract the maximum",
    ),
    ("log softmax", log_of_the_parts, "adds an epsilon inside the log"),
    ("log softmax", logs_of_a_loop, "takes the log of the finished softmax"),
    (
        "masked softmax",
        finished_and_masked,
        "multiplies by the mask and does not renormalise",
    ),
    (
        "masked softmax",
        finished_masked_and_renormalised,
        "lets masked classes set the maximum",
    ),
    (
        "online log-sum-exp",
        maximum_updated_before_rescaling,
        "forgets to rescale the running sum",
    ),
    (
        "online log-sum-exp",
        lambda stream: np.log(np.sum(np.exp(stream))),
        "does not subtract a maximum",
    ),
    ("cross-entropy", clipped_cross_entropy, "puts a floor under the probabilities"),
    ("cross-entropy", mean_over_examples, "returns the mean of the losses"),
    ("entropy plus kl", unmasked_difference, "meets 0 times log 0"),
    ("entropy plus kl", masked_bits, "measures in bits"),
    ("log of zero", epsilon_on_the_logits, "takes the log of the finished softmax"),
    (
        "untrained loss",
        lambda k: -np.log(1 / 2),
        "returns log 2 for any number of classes",
    ),
    (
        "gradient",
        lambda logits, label: (
            np.eye(len(logits))[label] - scipy.special.softmax(logits)
        ),
        "returns y - p",
    ),
    ("jacobian", lambda p: np.eye(len(p)) * p * (1 - p), "fills the diagonal only"),
    ("finite difference", slope_ahead, "looks forward only"),
    *of_learners("VARIANTS", []),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), VARIANTS)
def test_a_known_mistake_is_known_in_other_words(name, answer, mistake):
    assert check(name, answer).mistake == mistake
