"""What the summary says of the inventory."""

import pytest

from softmax_lab.learn import summary
from softmax_lab.lessons import catalogue


def of(time, right, answered=12):
    questions = catalogue.questions("inventory")[:answered]
    return [
        {
            "kind": "answer",
            "id": f"{question['id']}@{time}",
            "choice": "a",
            "confidence": "guess",
            "right": place < right,
            "misconception": None,
            "of": 3,
        }
        for place, question in enumerate(questions)
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (4, 10, "4 of 12 before, 10 of 12 after the course. Of what could be gained"),
        (0, 12, "you gained 100 %."),
        (6, 6, "That is the same number: the list below"),
        (6, 4, "That is 2 fewer: the list below"),
        (12, 12, "There was nothing left to gain."),
        (12, 11, "That is 1 fewer: the list below"),
    ],
)
def test_the_gain_is_said_in_a_sentence_that_fits(before, after, said):
    found = summary.Summary(of("before", before) + of("after", after))
    assert said in found.lines[-1]


def test_what_was_believed_only_before_the_course_is_not_worth_another_look():
    before, after = of("before", 0), of("after", 10)
    for place, record in enumerate(before + after):
        if not record["right"]:
            record["misconception"] = f"M{1 + place % 12:02}"
    found = summary.Summary(before + after)
    assert found.revisit == ["M11", "M12"]
    assert summary.Summary(before).revisit == []  # hidden until it is asked again


def test_an_inventory_that_is_not_complete_says_nothing_of_a_gain():
    found = summary.Summary(of("before", 12) + of("after", 6, answered=11))
    assert not any("Inventory" in line for line in found.lines)
