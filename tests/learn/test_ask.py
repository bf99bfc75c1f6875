"""Questions: committed to once, explained, and kept."""

import html
import re

import numpy as np
import pytest

from softmax_lab import check, inventory, predict, progress, quiz, review
from softmax_lab.base import store
from softmax_lab.learn.ask import CONFIDENCES, Question
from softmax_lab.learn.summary import Summary
from softmax_lab.lessons import catalogue

pytestmark = pytest.mark.usefixtures("learner")
EVERY = [
    q for name in [*catalogue.LESSONS, "inventory"] for q in catalogue.questions(name)
]
ID = "a-tenth-of-the-logits"


def text(question):
    """What the question shows, without tags."""
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", shown(question)))


def shown(question):
    return question._text.value


def explanation(question, letter):
    return question.options[question.letters.index(letter)]["explanation"]


def right_letter(question):
    return question.letters[catalogue.right_option(question.question)]


def press(question, letter=None, confidence=None):
    """Click as a learner does."""
    if letter:
        question._choice.buttons[question.letters.index(letter)].click()
    if confidence:
        question._confidence.buttons[list(CONFIDENCES).index(confidence)].click()
    question._buttons.children[0].click()


@pytest.mark.parametrize("asked", EVERY, ids=lambda q: q["id"])
def test_every_option_of_every_question_gets_its_own_explanation(asked):
    for place, letter in enumerate("abcd"[: len(asked["options"])]):
        question = Question(asked, place=str(place))
        question.commit(letter, "guess")
        said = re.sub(r"\s", "", text(question))
        wanted = explanation(question, letter).replace("`", "")
        assert re.sub(r"\s", "", wanted) in said
        assert ("Notso." in said) != (letter == right_letter(question))
        assert f"({'youranswer:guess'})" in said


def test_no_answer_shows_before_the_commit():
    question = predict(ID)
    for option in question.options:
        assert option["explanation"] not in text(question)
    assert "✓" not in text(question)
    assert question.answer is None


def test_clicks_commit_and_the_choice_can_change_before():
    question = predict(ID)
    press(question, "a")
    assert "how sure" in question._message.value
    press(question, "c", "certain")
    assert question.answer["choice"] == "c"
    question = predict("seven-wins")
    press(question)
    assert "an answer" in question._message.value
    question._choice.buttons[0].click()
    question._choice.buttons[1].click()
    marks = [button.description[0] for button in question._choice.buttons]
    assert marks == ["○", "●", "○"]


def test_the_first_answer_counts_and_outlives_the_kernel():
    predict(ID).commit("a", "certain")
    store.STORES.clear()  # as a new kernel would
    again = predict(ID)
    assert again.answer["choice"] == "a"
    assert "your answer: certain" in text(again)
    again.commit("b", "guess")
    assert again.answer["choice"] == "a"
    assert len(store.recall("answer", ID)) == 1


def test_a_question_open_twice_is_answered_once():
    one, two = predict(ID), predict(ID)
    one.commit("a", "guess")
    two.commit("b", "certain")
    assert two.answer["choice"] == "a"
    assert "your answer: guess" in text(two)


def test_show_me_is_a_way_out_that_is_remembered():
    question = predict(ID)
    question._buttons.children[1].click()
    assert question.answer["choice"] is None
    assert explanation(question, "b") in text(question)
    assert "Shown." in text(predict(ID))


def test_what_readers_without_a_kernel_see_does_not_depend_on_the_answers():
    question = predict(ID)
    before = question._repr_mimebundle_()
    question.commit("a", "certain")
    after = question._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        assert before[kind] == after[kind]
    assert repr(question) == f"<question '{ID}'>"
    assert "<details>" in after["text/html"]
    for option in question.options:
        assert option["explanation"] not in after["text/plain"]


def test_labels_cannot_smuggle_in_html(monkeypatch):
    evil = {
        "id": "evil",
        "question": "<b>&",
        "options": [
            {"text": "<i>", "right": True, "explanation": "<script>"},
            {"text": "x", "misconception": "M01", "explanation": "y"},
        ],
    }
    question = Question(evil)
    question.commit("a", "guess")
    for page in (shown(question), question.as_html()):
        assert not re.search("<(b|i|script)>", page)


@pytest.mark.parametrize(
    ("answer", "confidence", "message"),
    [
        ("z", "guess", r"answer='z': choose one of \['a', 'b', 'c'\]"),
        ("ab", "guess", "answer='ab'"),
        ("", "guess", "answer=''"),
        (1, "guess", "answer=1"),
        ("a", "sure", r"confidence='sure': choose one of \['guess'"),
        ("a", None, "confidence=None"),
    ],
)
def test_a_commit_that_makes_no_sense_is_named(answer, confidence, message):
    with pytest.raises(ValueError, match=message):
        predict(ID).commit(answer, confidence)


def test_ids_times_and_lessons_that_do_not_exist_are_named():
    with pytest.raises(ValueError, match=f"no such question; did you mean '{ID}'"):
        predict("a-tenth-of-logits")
    with pytest.raises(ValueError, match="time='now': choose 'before' or 'after'"):
        inventory("now")
    for lesson in ("12", 3, "00"):
        with pytest.raises(ValueError, match=f"lesson={lesson!r}"):
            review(lesson)


def test_a_quiz_shows_all_its_questions():
    both = quiz("times-ten", "add-seven")
    assert [q.key for q in both.questions] == ["times-ten", "add-seven"]
    assert repr(both) == "<quiz of 2 questions>"
    assert both._repr_mimebundle_()["text/plain"].count("  b  ") == 2


def test_answers_of_another_version_of_the_course_do_no_harm():
    fact = {"confidence": "certain", "right": False, "misconception": "M99", "of": 9}
    store.remember("answer", ID)  # without anything
    store.remember("answer", ID, choice="b", **fact | {"confidence": "sure"})
    assert predict(ID).answer is None
    store.remember("answer", ID, choice="i", **fact)  # of nine options then
    assert "Not so." in text(predict(ID))
    store.remember("check", "softmax")
    assert "Exercises solved: 0" in repr(progress.report())
    assert check("softmax", lambda batch: batch + 1).state == "wrong"


def test_a_question_can_be_asked_again_elsewhere():
    predict("times-ten").commit("a", "guess")
    again = quiz("times-ten@recap-03").questions[0]
    assert again.answer is None
    again.commit("b", "certain")
    assert predict("times-ten").answer["choice"] == "a"
    assert predict("times-ten@recap-03").answer["choice"] == "b"


def test_a_review_asks_confident_misses_first_and_stays():
    for id, confidence in {
        "add-seven": "guess",
        "times-ten": "certain",
        "seven-wins": "fairly sure",
    }.items():
        question = predict(id)
        letters = set(question.letters) - {right_letter(question)}
        question.commit(min(letters), confidence)
    first = review("03")
    assert [q.key for q in first.questions] == ["times-ten@03", "seven-wins@03"]
    first.questions[0].commit(right_letter(first.questions[0]), "certain")
    again = review("03")
    assert again.questions[0].key == "times-ten@03"
    assert again.questions[0].answer["right"]


def test_a_review_forgets_a_miss_that_was_mended():
    question = predict("times-ten")
    wrong = set(question.letters) - {right_letter(question)}
    question.commit(min(wrong), "certain")
    again = review("02").questions[0]
    assert again.key == "times-ten@02"
    again.commit(right_letter(again), "certain")
    assert "times-ten@03" not in [q.key for q in review("03").questions]


def test_a_report_does_not_give_the_inventory_away():
    answer_all("before", 0)
    assert Summary(store.current().records()).revisit == []
    answer_all("after", 1)
    assert Summary(store.current().records()).revisit


def test_a_few_answers_prove_nothing():
    for right in (11, 12):
        few = answers(("certain", True, right), ("certain", False, 12 - right))
        assert "you know what you know" in repr(Summary(few))


def test_a_review_without_answers_asks_of_the_latest_lesson():
    assert [q.question["id"] for q in review("03", 1).questions] == [
        catalogue.questions("02")[0]["id"]
    ]
    assert [q.key for q in review("01").questions] == ["wrong-and-sure@01"]


def answer_all(time, right):
    """Answer the inventory, the first `right` questions correctly."""
    asked = inventory(time)
    for place, question in enumerate(asked.questions):
        letter = right_letter(question)
        if place >= right:
            letter = next(a for a in question.letters if a != letter)
        question.commit(letter, "fairly sure")
    return asked


def test_the_inventory_before_hides_its_answers():
    asked = inventory("before")
    assert "Question 1 of 12" in asked.children[0].value
    first = asked.left[0]
    press(first, "a", "guess")
    assert "Question 2 of 12" in asked.children[0].value
    for option in first.options:
        assert option["explanation"] not in text(first)
    assert "Question 2 of 12" in inventory("before").children[0].value
    answer_all("before", 12)
    assert "All 12" in inventory("before").children[0].value


def test_the_inventory_after_explains_and_shows_the_gain():
    answer_all("before", 4)
    asked = inventory("after")
    first = asked.left[0]
    press(first, right_letter(first), "certain")
    assert "Right." in text(first)
    asked.children[-1].click()  # next
    assert "Question 2 of 12" in asked.children[0].value
    answer_all("after", 10)
    summary = Summary(store.current().records())
    assert summary.inventory == {"before": (4, 12), "after": (10, 12)}
    assert summary.gain == pytest.approx((10 - 4) / (12 - 4))
    assert "4 of 12 before, 10 of 12 after" in repr(summary)


# what is made of the answers


def answers(*groups):
    """Records of groups (confidence, right, count)."""
    found = []
    for confidence, right, count in groups:
        for _ in range(count):
            fact = {"choice": "a", "confidence": confidence, "right": right, "of": 3}
            number = len(found)
            found.append(
                {"kind": "answer", "id": f"q{number}", "misconception": None, **fact}
            )
    return found


def test_few_answers_make_no_diagram():
    summary = Summary(answers(("guess", True, 11)))
    assert summary.temperature is None
    assert "From 12 answers on" in repr(summary)
    assert "<svg" not in summary._repr_mimebundle_()["text/html"]


def test_an_honest_learner_has_temperature_1_and_a_boaster_more():
    honest = answers(
        ("guess", True, 35), ("guess", False, 65),
        ("fairly sure", True, 70), ("fairly sure", False, 30),
        ("certain", True, 95), ("certain", False, 5),
    )  # fmt: skip
    assert Summary(honest).temperature == pytest.approx(1, abs=0.02)
    assert "you know what you know" in repr(Summary(honest))
    boaster = answers(("certain", True, 10), ("certain", False, 10))
    assert Summary(boaster).temperature > 2
    assert "surer than you are right" in repr(Summary(boaster))
    modest = answers(("fairly sure", True, 20), ("guess", True, 20))
    assert Summary(modest).temperature < 0.5
    assert "than you dare to say" in repr(Summary(modest))


def test_the_curve_counts_each_confidence():
    summary = Summary(answers(("guess", True, 3), ("certain", False, 9)))
    assert summary.curve.count.tolist() == [3, 0, 9]
    assert np.array_equal(summary.curve.accuracy, [1, np.nan, 0], equal_nan=True)
    page = summary._repr_mimebundle_()["text/html"]
    assert 'role="img"' in page
    assert "you were right in 100 % of 3" in page


def test_what_to_revisit_comes_with_correction_and_lesson():
    question = predict("seven-wins")
    wrong = next(a for a in question.letters if a != right_letter(question))
    question.commit(wrong, "certain")
    summary = Summary(store.current().records())
    assert summary.revisit == [question.answer["misconception"]]
    assert catalogue.belief(summary.revisit[0])["correction"] in repr(summary)
    assert "(Lesson 1.)" in repr(summary)


def test_a_report_on_nothing_is_friendly():
    said = repr(progress.report())
    assert "You answered 0 questions" in said
    assert "From 12 answers on" in said
