"""The question bank: complete, fair, in house style, and every number true."""

import ast
import math
import re
from collections import Counter
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

import softmax_lab
from softmax_lab import softmax
from softmax_lab.lessons import catalogue

BELIEFS = catalogue.beliefs()
FILES = {name: catalogue.questions(name) for name in [*catalogue.LESSONS, "inventory"]}
LESSONS = [name for name in FILES if name.isdigit() and name != "00"]
QUESTIONS = [question for file in FILES.values() for question in file]
IN_START_HERE = {question["id"] for question in FILES["00"]}
RELEASE = {
    f"M{n:02}" for n in (1, 4, 5, 7, 8, 9, 11, 14, 16, 18, 19, 23, 25, 29, 30, 34)
}
BELIEF_KEYS = ["belief", "correction", "lesson", "before", "after"]
QUESTION_KEYS = ["id", "question", "options", "given", "numbers"]
NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*")  # the 16 of float16 is a name
CODE_OR_MATHS = re.compile(r"`[^`]+`|\$[^$]+\$")
NOT_OURS = re.compile(
    r"\b(simply|just|obviously|clearly the)\b|!"
    r"|normaliz|recogniz|\bcolor|\bfavor\b|behavior|\bcenter|labeled|\blearned\b",
    re.IGNORECASE,
)

each_question = pytest.mark.parametrize(
    "question", QUESTIONS, ids=[question["id"] for question in QUESTIONS]
)


# What the expressions under "numbers" may call, besides softmax_lab and NumPy


def plain(logits):
    """M01: each logit divided by the sum of the logits."""
    logits = np.asarray(logits, float)
    return logits / logits.sum()


def winner_takes_all(logits):
    """M02: 1 for the largest logit, 0 for the others."""
    return np.eye(len(logits))[np.argmax(logits)]


def naive(logits):
    """The textbook formula in the dtype of `logits`, which may overflow."""
    with np.errstate(all="ignore"):
        weights = np.exp(logits)
        return weights / weights.sum(axis=0)


@cache
def race_steps(loss):
    """Steps of gradient descent on logits [0, 8, 0] until the first class leads."""
    logits, targets = np.array([0.0, 8.0, 0.0]), np.array([1.0, 0.0, 0.0])
    steps = 0
    while logits[0] <= logits[1:].max():
        probs = softmax(logits)
        gradient = probs - targets
        if loss == "squared error":  # Σ (p - y)², through the slope of softmax
            slope = np.diag(probs) - np.outer(probs, probs)
            gradient = slope @ (2 * (probs - targets))
        logits = logits - gradient
        steps += 1
    return steps


class Claims(NamedTuple):
    confidence: float  # the mean over unseen images
    accuracy: float
    claim_for_1551: float  # the image of lesson 0


@cache
def digits_model(c):
    """The classifier of lesson 0, with C = 1.0, and of lesson 1, with C = 0.3."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    images, labels = load_digits(return_X_y=True)
    model = LogisticRegression(C=c).fit(images[:1500] / 16, labels[:1500])
    probs = model.predict_proba(images[1500:] / 16)
    right = probs.argmax(1) == labels[1500:]
    return Claims(probs.max(1).mean(), right.mean(), probs[1551 - 1500].max())


class Run(NamedTuple):
    first: float  # the loss before training, and after 200 steps
    last: float
    right: float  # share of unseen digits


@cache
def five_digits(bug):
    """A run of lesson 6: the digits 0 to 4, learnt with a bug; slopes by hand."""
    (x, labels), (unseen, answers) = [
        [array[part.labels < 5] for array in part] for part in softmax_lab.digits()
    ]
    if bug == "shuffled labels":
        labels = np.random.default_rng(0).permutation(labels)
    scale = 16 if bug == "naive exp" else 1
    x, unseen, y = scale * x, scale * unseen, np.eye(5)[labels]
    axis = 0 if bug == "wrong axis" else 1
    weights = np.random.default_rng(0).normal(0, 0.001, (64, 5))
    losses = []
    with np.errstate(all="ignore"):
        for _ in range(201):
            logits = x @ weights
            probs = naive(logits.T).T if scale > 1 else softmax(logits, axis=axis)
            slopes = probs * y.sum(axis=axis, keepdims=True) - y
            if bug == "softmax twice":
                inner, probs = probs, softmax(probs)
                table = np.apply_along_axis(np.diag, 1, inner)
                table -= inner[:, :, None] * inner[:, None, :]
                slopes = np.einsum("nij,nj->ni", table, probs - y)
            if bug == "no softmax":
                shares = logits / logits.sum(axis=1, keepdims=True)
                probs = np.clip(shares, 1e-7, 1)
                slopes = 1 / logits.sum(axis=1, keepdims=True) - y / logits
                slopes *= (y * (probs == shares)).sum(axis=1, keepdims=True)
            losses.append(-np.log((y * probs).sum(axis=1)).mean())
            weights, before = weights - x.T @ slopes / len(x), weights
    output = unseen @ before
    if bug == "no softmax":
        output = output / output.sum(axis=1, keepdims=True)
    if bug == "wrong axis":
        output = softmax(output, axis=0)
    return Run(losses[0], losses[-1], (output.argmax(1) == answers).mean())


LOGITS = np.array([2.0, 1.0, 0.1])
NAMES = {name: getattr(softmax_lab, name) for name in softmax_lab.__all__} | {
    "np": np,
    "math": math,
    "z": LOGITS,
    "p": softmax(LOGITS),
    "plain": plain,
    "winner_takes_all": winner_takes_all,
    "naive": naive,
    "race_steps": race_steps,
    "digits_model": digits_model,
    "five_digits": five_digits,
}


def value_as_in(key, expression):
    """The value with as many decimals as `key`, its commas, and no sign."""
    value = abs(float(eval(expression, dict(NAMES))))
    comma = "," if "," in key else ""
    return f"{value:{comma}.{len(key.partition('.')[2])}f}"


def computes(expression):
    """Whether it holds a name or an operation, and so is no mere literal."""
    nodes = ast.walk(ast.parse(expression, mode="eval"))
    return any(isinstance(node, ast.Name | ast.BinOp) for node in nodes)


def answers(question):
    """What is said after the question: the options and their explanations."""
    for option in question["options"]:
        yield option["text"]
        yield option["explanation"]


def texts(question):
    return [question["question"], *answers(question)]


def numbers_in(*texts):
    return {number for text in texts for number in NUMBER.findall(text)}


def wrong(question):
    return [option for option in question["options"] if "right" not in option]


def place_of_the_right_one(question):
    return ["right" in option for option in question["options"]].index(True)


def test_the_files_are_the_lessons_and_the_inventory():
    assert set(FILES) == {f"{lesson:02}" for lesson in range(12)} | {"inventory"}
    assert len(FILES["inventory"]) == 12


def test_ids_are_unique_in_the_whole_bank():
    ids = [question["id"] for question in QUESTIONS]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in ids)


def test_no_two_questions_read_the_same():
    asked = Counter(question["question"] for question in QUESTIONS)
    assert [text for text, count in asked.items() if count > 1] == []


def test_all_forty_beliefs_have_a_correction_and_a_lesson():
    assert list(BELIEFS) == [f"M{number:02}" for number in range(1, 41)]
    for name, belief in BELIEFS.items():
        assert list(belief) == BELIEF_KEYS, name
        assert belief["lesson"] in {f"{lesson:02}" for lesson in range(1, 12)}, name
        assert belief["belief"].endswith("."), name
        assert len(belief["correction"].split()) >= 4, name


def test_a_correction_states_no_figure_that_nobody_recomputes():
    for name, belief in BELIEFS.items():
        allowed = {"0", "1"} | numbers_in(belief["belief"])
        assert numbers_in(belief["correction"]) <= allowed, name


def test_beliefs_are_in_house_style():
    for name, belief in BELIEFS.items():
        assert not NOT_OURS.search(belief["belief"] + belief["correction"]), name


def test_each_release_belief_tempts_somewhere_in_a_lesson():
    tempting = {
        option["misconception"]
        for lesson in LESSONS
        for question in FILES[lesson]
        for option in wrong(question)
    }
    assert tempting >= RELEASE


def test_the_inventory_asks_for_twelve_different_beliefs():
    tempting = [
        {option["misconception"] for option in wrong(question)}
        for question in FILES["inventory"]
    ]
    assert len(set().union(*tempting)) >= 12


@each_question
def test_its_fields_are_the_agreed_ones(question):
    assert list(question) == [key for key in QUESTION_KEYS if key in question]
    assert set(question) >= set(QUESTION_KEYS) - {"given"}
    assert all(isinstance(text, str) and text for text in texts(question))
    assert all(isinstance(number, str) for number in question.get("given", []))
    assert question.get("given") != [], "leave it out"
    numbers = question["numbers"]
    assert all(isinstance(item, str) for pair in numbers.items() for item in pair)


@each_question
def test_it_has_one_right_option_and_two_or_three_wrong_ones(question):
    options = question["options"]
    assert len(options) in (3, 4)
    assert [option["right"] for option in options if "right" in option] == [True]
    assert len({option["text"] for option in options}) == len(options)
    for option in options:
        second = "right" if "right" in option else "misconception"
        assert list(option) == ["text", second, "explanation"]


@each_question
def test_each_wrong_option_comes_from_a_belief_and_is_explained(question):
    for option in wrong(question):
        belief = option["misconception"]
        allowed = belief is None and question["id"] in IN_START_HERE
        assert belief in BELIEFS or allowed, option["text"]


@each_question
def test_each_option_has_an_explanation_of_its_own(question):
    explanations = [option["explanation"] for option in question["options"]]
    assert len(set(explanations)) == len(explanations)
    assert all(len(explanation.split()) >= 4 for explanation in explanations)


@each_question
def test_no_option_stands_out_by_its_length(question):
    lengths = [len(option["text"]) for option in question["options"]]
    assert max(lengths) <= 1.3 * min(lengths) + 10, lengths


@pytest.mark.parametrize("num_options", [3, 4])
def test_the_right_option_is_in_every_place_equally_often(num_options):
    counts = Counter(dict.fromkeys(range(num_options), 0))
    for question in QUESTIONS:
        if len(question["options"]) == num_options:
            counts[place_of_the_right_one(question)] += 1
    assert max(counts.values()) - min(counts.values()) <= 1, counts


def test_the_right_option_is_not_in_one_place_three_times_running():
    for name, questions in FILES.items():
        places = [place_of_the_right_one(question) for question in questions]
        for three in zip(places, places[1:], places[2:], strict=False):
            assert len(set(three)) > 1, name


@each_question
def test_it_is_in_house_style(question):
    for text in texts(question):
        assert not NOT_OURS.search(text), text


@each_question
def test_it_is_plain_text_with_paired_backticks_and_dollars(question):
    for text in texts(question):
        assert text.count("`") % 2 == 0, text
        assert text.count("$") % 2 == 0, text
        rest = CODE_OR_MATHS.sub("x", text)
        assert not re.search(r"[`$*_<>#\\{}]|\]\(|&\w+;|\n|  ", rest), text


@each_question
def test_every_number_is_given_or_recomputed(question):
    known = numbers_in(question["question"])
    known |= set(question.get("given", [])) | set(question["numbers"])
    assert numbers_in(*answers(question)) - known == set()


@each_question
def test_what_is_recomputed_agrees(question):
    for key, expression in question["numbers"].items():
        assert computes(expression), f"{key} is a mere literal: give it instead"
        assert value_as_in(key, expression) == key, expression


def test_the_rows_that_are_said_to_become_nan_do():
    below_zero = np.array([-1000.0, -1001.0, -1002.0])
    one_maximum = np.array([[1000.0, 999.0], [0.0, 1.0]]) - 1000.0
    with np.errstate(divide="ignore"):
        no_temperature = LOGITS / 0
    for row in [below_zero, one_maximum[1], no_temperature]:
        assert np.isnan(naive(row)).all()
    assert np.isfinite(naive(one_maximum[0])).all()
    with np.errstate(divide="ignore"):
        assert np.log(softmax([0.0, -800.0]))[1] == -np.inf


@each_question
def test_no_number_is_listed_in_vain(question):
    listed = [*question.get("given", []), *question["numbers"]]
    assert len(set(listed)) == len(listed)
    assert set(listed) <= numbers_in(*texts(question))
    needless = numbers_in(question["question"]) & set(question.get("given", []))
    assert needless == set(), "the question itself gives these"


@pytest.mark.parametrize(
    ("key", "expression", "agrees"),
    [
        ("0.659", "p[0]", True),
        ("0.66", "p[0]", True),
        ("0.660", "p[0]", False),
        ("1,000", "10**3", True),
        ("1000", "10**3", True),
        ("0.5", "-1 / 2", True),
    ],
)
def test_a_number_is_compared_as_it_is_written(key, expression, agrees):
    assert (value_as_in(key, expression) == key) is agrees


@pytest.mark.parametrize("expression", ["0.5", "-1", "(0.5)", "[1, 2][0]"])
def test_a_mere_literal_is_not_taken_for_a_computation(expression):
    assert not computes(expression)


def test_numbers_are_found_as_people_write_them():
    text = "`float16` holds 65,504, not −1.5; 15 % of `[10, 0.1]`, M04."
    assert numbers_in(text) == {"65,504", "1.5", "15", "10", "0.1"}
