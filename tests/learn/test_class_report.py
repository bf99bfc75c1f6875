"""What a class believed: counted anew, and nothing told of fewer than five."""

import csv
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction

import pytest
from places import LESSONS

import softmax_lab
from softmax_lab import class_report, inventory, predict, progress, quiz
from softmax_lab.base import store
from softmax_lab.learn.class_report import LARGEST
from softmax_lab.lessons import catalogue

ASKED = {id: (b["before"], b["after"]) for id, b in catalogue.beliefs().items()}
TWELVE = [q["id"] for q in catalogue.questions("inventory")]


def calls(path):
    """(lesson, cell, key) of each question that a notebook asks of everybody."""
    for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
        source = "".join(cell["source"])
        for name, given in re.findall(
            r"(?<![.\w])(predict|quiz|inventory)\(([^)]*)\)", source
        ):
            for id in re.findall(r'"([^"]+)"', given):
                keys = [f"{q}@{id}" for q in TWELVE] if name == "inventory" else [id]
                for key in keys:
                    yield path.name[:2], number, key, cell["metadata"]["tags"]


PLACES = {
    key: (lesson, number, tags)
    for path in LESSONS
    for lesson, number, key, tags in calls(path)
}
MEASURES = {key for pair in ASKED.values() for key in pair}
KEYS = [key for key in PLACES if key in MEASURES or key.endswith(("@before", "@after"))]
# What a learner's file holds besides: reviews, and questions that measure nothing
OTHERS = ["heat@11", "an-epsilon@07", "add-seven", "wrong-and-sure", "which-row@03"]


def options(key):
    return catalogue.question(key.split("@")[0])["options"]


def record(key, choice, at, **other):
    """An answer as `Question._lock` and `store.remember` store it."""
    chosen = {} if choice is None else options(key)[choice]
    return {
        "at": at,
        "kind": "answer",
        "id": key,
        "of": len(options(key)),
        "choice": None if choice is None else "abcd"[choice],
        "confidence": None if choice is None else "guess",
        "right": None if choice is None else bool(chosen.get("right")),
        "misconception": chosen.get("misconception"),
    } | other


def moment(learner, second):
    return (
        f"2026-03-{1 + learner:02}T10:{second // 60:02}:{second % 60:02}.000000+00:00"
    )


def a_class(seed, size, answers=0.8):
    """A table {learner: {key: choice, None for skipped}}, in the order of KEYS."""
    rng = random.Random(seed)
    return {
        learner: {
            key: rng.choice([None, *range(len(options(key)))])
            for key in KEYS + OTHERS
            if rng.random() < answers
        }
        for learner in range(size)
    }


def records(learner, choices):
    found = [
        record(key, choice, moment(learner, second))
        for second, (key, choice) in enumerate(choices.items())
    ]
    goal = {"at": moment(learner, 3000), "kind": "goal", "id": "reach 1.00 bit"}
    return [*found, goal]


def write(folder, name, records):
    folder.mkdir(exist_ok=True)
    text = json.dumps({"softmax_lab": records}, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def report_on(folder, table):
    for learner, choices in table.items():
        write(folder, f"{learner}", records(learner, choices))
    return class_report(folder)


def everything(report, folder):
    """All that a report gives away, but for the number of files."""
    path = folder / f"{len(list(folder.iterdir()))}.csv"
    report.to_csv(path)
    shown = repr(report), report.as_html(), path.read_text(), repr(vars(report))
    return [re.sub(r"Files: \d+", "", text) for text in shown]


# The questions: what the lessons really ask


def offered(key, belief):
    found = [option.get("misconception") == belief for option in options(key)]
    return Fraction(sum(found), len(found))


def test_each_belief_is_measured_by_questions_that_offer_it():
    for belief, pair in ASKED.items():
        assert any(pair), belief
        for key in filter(None, pair):
            assert key in PLACES, f"{belief}: no lesson asks {key}"
            assert offered(key, belief) > 0, belief


def test_before_is_committed_to_and_after_comes_later():
    for belief, (before, after) in ASKED.items():
        treated = catalogue.belief(belief)["lesson"]
        if before:
            lesson, _, tags = PLACES[before]
            assert lesson <= treated, belief
            assert before.endswith("@before") or "predict" in tags, belief
        if after:
            later = PLACES[before][:2] if before else (treated, 999)
            assert PLACES[after][:2] > later, belief
            assert PLACES[after][0] > (PLACES[before][0] if before else treated)


def test_guessing_gives_the_same_share_before_and_after():
    for belief, (before, after) in ASKED.items():
        if before and after:
            assert offered(before, belief) == offered(after, belief), belief


def test_another_question_stands_in_only_where_none_is_asked_twice():
    for belief, (before, after) in ASKED.items():
        if before and after and before.split("@")[0] != after.split("@")[0]:
            name, (lesson, _, _) = before.split("@")[0], PLACES[before]
            again = [k for k in PLACES if k.startswith(f"{name}@")]
            assert [k for k in again if PLACES[k][0] > lesson] == [], belief


# The numbers: counted anew from the table of choices


def counted(table, belief, key):
    """How many chose an option that comes from the belief, and how many chose."""
    chosen = Counter(
        options(key)[choices[key]].get("misconception")
        for choices in table.values()
        if choices.get(key) is not None
    )
    return chosen[belief], chosen.total()


@pytest.mark.parametrize("seed", range(12))
def test_shares_and_numbers_are_those_of_the_class(tmp_path, seed):
    size = [1, 4, 5, 6, 9, 12, 25][seed % 7]
    table = a_class(seed, size, answers=[0.4, 0.7, 1.0][seed % 3])
    report = report_on(tmp_path, table)
    assert len(report.rows) == 40
    for row in report.rows:
        belief = row["misconception"]
        assert row["lesson"] == catalogue.belief(belief)["lesson"]
        for time, key in zip(("before", "after"), ASKED[belief], strict=True):
            assert row[f"{time}_question"] == key
            told = row[f"{time}_share"], row[f"{time}_learners"]
            showed, answered = counted(table, belief, key) if key else (0, 0)
            if answered < 5:
                assert told == (None, None)
            else:
                assert told == (showed / answered, answered)
                assert offered(key, belief) == Fraction(
                    row["by_guessing"]
                ).limit_denominator(4)
                assert f"{100 * showed / answered:.0f} % of {answered}" in repr(report)


@pytest.mark.parametrize("size", [5, 11])
def test_the_inventory_is_that_of_those_who_answered_it_twice(tmp_path, size):
    rng = random.Random(size)
    full = [f"{id}@{time}" for time in ("before", "after") for id in TWELVE]
    table = {
        learner: {key: rng.randrange(len(options(key))) for key in full}
        for learner in range(size)
    }
    rights = {
        time: Fraction(
            sum(
                "right" in options(key)[choices[key]]
                for choices in table.values()
                for key in full
                if key.endswith(time)
            ),
            size,
        )
        for time in ("before", "after")
    }
    gain = (rights["after"] - rights["before"]) / (12 - rights["before"])
    table[size] = {key: 0 for key in full[:-1]}  # one that counts in no mean
    table[size + 1] = dict.fromkeys(full[:12], 0)
    table[size + 2] = dict.fromkeys(full, 0) | {full[3]: None}
    said = report_on(tmp_path, table).lines[-1]
    assert said == (
        f"Inventory: {size} learners had {float(rights['before']):.1f} of 12 right before "
        f"and {float(rights['after']):.1f} after, on average. Normalised gain: "
        f"{float(gain):.2f}."
    )


def test_a_class_that_knew_it_all_has_no_gain(tmp_path):
    full = [f"{id}@{time}" for time in ("before", "after") for id in TWELVE]
    right = {key: catalogue.right_option({"options": options(key)}) for key in full}
    said = report_on(tmp_path, dict.fromkeys(range(5), right)).lines[-1]
    assert "12.0 of 12" in said
    assert "gain: " not in said


@pytest.mark.slow
def test_the_records_of_real_questions_are_counted(tmp_path, monkeypatch):
    """Six learners answer through `predict`, `quiz` and `inventory`, and export."""
    folder = tmp_path / "class"
    folder.mkdir()
    for learner in range(6):
        monkeypatch.setenv("SOFTMAX_LAB_HOME", str(tmp_path / str(learner)))
        for question in inventory("before").questions:
            question.commit("a", "guess")
        predict("seven-wins").commit("a", "certain")  # M34
        predict("the-wrong-axis").skip()
        predict("one-unit").commit("abc"[learner % 3], "fairly sure")  # M15, M12
        recap = quiz("one-unit@recap-06", "seven-wins@recap-11")
        recap.questions[0].commit("b", "guess")
        recap.questions[1].commit("a" if learner == 0 else "b", "guess")
        for question in inventory("after").questions:
            right = catalogue.right_option(question.question)
            question.commit(question.letters[right], "certain")
        predict("seven-wins").commit("b", "certain")  # too late: the first counts
        progress.export(folder / f"{learner}.json")
    store.STORES.clear()
    report = class_report(folder)
    found = {row["misconception"]: row for row in report.rows}

    def shares(belief):
        return found[belief]["before_share"], found[belief]["after_share"]

    assert report.lines[0] == "Files: 6. Learners: 6."
    assert shares("M34") == (1, 1 / 6)
    assert shares("M15") == (1 / 3, 0)
    assert shares("M12") == (1 / 3, 1)
    assert shares("M13") == (None, None)
    assert shares("M01") == (1, 0)  # the first option of which-row
    assert shares("M02") == (0, 0)
    assert "12.0 after" in report.lines[-1]


def test_an_answer_that_came_after_is_no_before(tmp_path):
    table = {n: {"one-unit": 0, "one-unit@recap-06": 1} for n in range(6)}
    table[6] = {"one-unit@recap-06": 1, "one-unit": 0}
    row = next(
        r for r in report_on(tmp_path, table).rows if r["misconception"] == "M15"
    )
    assert (row["before_learners"], row["after_learners"]) == (6, 7)


def test_of_two_answers_to_one_question_the_first_counts(tmp_path):
    table = {n: {"seven-wins": 0} for n in range(5)}  # M34
    report_on(tmp_path, table)
    again = record("seven-wins", 1, moment(0, 500))
    write(tmp_path, "0", [again, *records(0, table[0])])
    found = {row["misconception"]: row for row in class_report(tmp_path).rows}
    assert found["M34"]["before_share"] == 1


# Privacy


@pytest.mark.parametrize("seed", range(10))
def test_no_number_below_five_is_told(tmp_path, seed):
    report = report_on(tmp_path, a_class(seed, 3 + seed, answers=0.6))
    texts = everything(report, tmp_path)
    for text in texts[:2]:
        assert all(int(n) >= 5 for n in re.findall(r" % of (\d+)", text))
        assert all(int(n) >= 5 for n in re.findall(r"Learners: (\d+)", text))
    for row in csv.DictReader(texts[2].splitlines()):
        for time in ("before", "after"):
            told = row[f"{time}_share"], row[f"{time}_learners"]
            if not told[1].isdigit():
                assert told in {("fewer than 5",) * 2, ("not asked",) * 2}
                assert (told[0] == "not asked") == (row[f"{time}_question"] == told[0])
            else:
                assert int(told[1]) >= 5
    for row in report.rows:
        for time in ("before", "after"):
            assert (row[f"{time}_share"] is None) == (row[f"{time}_learners"] is None)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_withheld_leaves_no_trace(tmp_path, seed):
    """Whatever the few answered, and how few they are, the report is the same.

    So nothing withheld can be computed from anything that is shown.
    """
    table = a_class(seed, 8, answers=0.55)
    few = [
        key
        for key in KEYS
        if sum(choices.get(key) is not None for choices in table.values()) < 5
    ]
    assert few
    first = everything(report_on(tmp_path / "one", table), tmp_path / "one")
    rng = random.Random(seed)
    for change in ("choose", "skip"):
        for choices in table.values():
            for key in few:
                if choices.get(key) is not None:
                    places = range(len(options(key)))
                    choices[key] = rng.choice(places) if change == "choose" else None
        folder = tmp_path / change
        assert everything(report_on(folder, table), folder) == first


def test_of_a_class_below_five_nothing_is_told(tmp_path):
    reports = set()
    for size in range(1, 5):
        folder = tmp_path / str(size)
        report = report_on(folder, a_class(size, size, answers=1.0))
        reports.add(tuple(everything(report, folder)))
        assert "Learners: fewer than 5." in repr(report)
    assert len(reports) == 1


def test_four_full_inventories_in_a_larger_class_are_no_mean(tmp_path):
    full = [f"{id}@{time}" for time in ("before", "after") for id in TWELVE]
    table = {n: dict.fromkeys(full[n // 4 :], 0) for n in range(8)}
    assert report_on(tmp_path, table).lines == [
        "Files: 8. Learners: 8.",
        "Inventory: fewer than 5 learners answered all of it before and after.",
    ]


def test_five_are_enough_and_a_share_of_none_is_0(tmp_path):
    right = catalogue.right_option({"options": options("heat@before")})
    table = {n: {"heat@before": right} for n in range(5)}
    assert "0 % of 5" in repr(report_on(tmp_path, table))
    write(tmp_path, "0", records(0, {"add-seven": 0}))
    again = class_report(tmp_path)
    assert not re.search(r"% of \d", repr(again))
    assert again.lines[0] == "Files: 5. Learners: 5."


# Files


def test_the_order_of_files_and_records_does_not_matter(tmp_path):
    table = a_class(3, 9)
    first = report_on(tmp_path / "a", table)
    for seed in range(4):
        rng, folder = random.Random(seed), tmp_path / f"b{seed}"
        names = rng.sample(range(100), len(table))
        for name, (learner, choices) in zip(names, table.items(), strict=True):
            found = records(learner, choices)
            write(folder, name, rng.sample(found, len(found)))
        assert repr(class_report(folder)) == repr(first)
        assert class_report(folder).rows == first.rows


def test_a_learner_with_several_files_counts_once(tmp_path):
    table = a_class(5, 7)
    once = report_on(tmp_path / "once", table)
    folder = tmp_path / "more"
    report_on(folder, table)
    zero, one = records(0, table[0]), records(1, table[1])
    write(folder, "a copy of 0", zero)
    write(folder, "0 half-way", zero[:40])
    # Two machines: both files hold what was exported from the first one.
    write(folder, "1", one[:50])
    write(folder, "z1", one[:10] + one[50:])
    more = class_report(folder)
    assert more.lines[0] == "Files: 10. Learners: 7."
    assert more.rows == once.rows
    assert more.lines[1:] == once.lines[1:]


def test_three_files_that_hang_together_are_one_learner(tmp_path):
    found = records(0, a_class(1, 1, answers=1.0)[0])
    others = a_class(2, 6)
    del others[0]
    report_on(tmp_path, others)
    for name, part in {"a": found[:20], "c": found[30:], "d": found[10:40]}.items():
        write(tmp_path, name, part)
    assert class_report(tmp_path).lines[0] == "Files: 8. Learners: 6."


def test_a_bad_file_is_named_and_stops_no_other(tmp_path):
    table = a_class(1, 6)
    good = report_on(tmp_path, table)
    answer = records(7, {"seven-wins": 0})
    text = json.dumps({"softmax_lab": answer})
    bad = {
        "cut": (text[:-30].encode(), "damaged"),
        "bytes": (b"\xff\xfe\x00", "damaged"),
        "empty": (b"", "damaged"),
        "deep": (b'{"softmax_lab": ' + b"[" * 200_000, "damaged"),
        "no records": (b'{"softmax_lab": [3]}', "damaged"),
        "no time": (b'{"softmax_lab": [{"kind": "goal", "id": "x"}]}', "damaged"),
        "list": (b"[]", "not an export"),
        "other": (b'{"softmax_lab": {}}', "not an export"),
        "null": (b"null", "not an export"),
        "new learner": (b'{"softmax_lab": []}', "no answers to this course"),
        "huge": (text.encode() + b" " * LARGEST, "too large"),
    }
    for name, (data, _) in bad.items():
        (tmp_path / f"{name}.json").write_bytes(data)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "notes.txt").write_text("not read")
    report = class_report(tmp_path)
    assert report.lines[0] == f"Files: {6 + len(bad) + 1}. Learners: 6."
    assert report.lines[1].startswith("Set aside: 12. ")
    for name, (_, why) in bad.items():
        assert f"'{name}.json' ({why})" in report.lines[1]
    assert "'folder.json' (no file)" in report.lines[1]
    assert report.rows == good.rows


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_a_pipe_or_a_broken_link_does_not_hold_it_up(tmp_path):
    report_on(tmp_path, a_class(1, 5))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere")
    assert "Set aside: 2." in class_report(tmp_path).lines[1]


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    text = json.dumps({"softmax_lab": records(0, {"seven-wins": 0})})
    (tmp_path / "a.json").write_text(text, encoding="utf-8-sig")
    assert len(class_report(tmp_path).rows) == 40


STRANGE = [
    {"id": "gone-from-the-bank"},
    {"misconception": "M99"},
    {"misconception": "M02"},  # no option of seven-wins comes from it
    {"misconception": None},
    {"misconception": ["M34"]},
    {"right": True},
    {"right": {}},
    {"of": 7},
]


@pytest.mark.parametrize("other", STRANGE, ids=str)
def test_an_answer_to_another_course_is_ignored_and_counted(tmp_path, other):
    table = a_class(4, 8)
    for choices in table.values():
        choices.pop("seven-wins", None)
    before = report_on(tmp_path, table)
    strange = record("seven-wins", 0, moment(0, 900), **other)
    write(tmp_path, "0", [*records(0, table[0]), strange])
    after = class_report(tmp_path)
    assert "Answers that fit no question of this course: 1." in after.lines
    assert after.rows == before.rows
    assert set(before.lines) < set(after.lines)


@pytest.mark.parametrize("missing", ["right", "misconception", "of", "choice"])
def test_an_answer_without_a_field_breaks_nothing(tmp_path, missing):
    report_on(tmp_path, a_class(4, 5))
    for choice in (None, 0, 1, 2):
        answer = record("one-unit", choice, moment(9, 1))
        del answer[missing]
        write(tmp_path, "9", [answer, record("heat@before", 0, moment(9, 2))])
        assert class_report(tmp_path).lines[0] == "Files: 6. Learners: 6."


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"folder=.*nowhere"):
        class_report(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"folder=.*no file in it is an export"):
        class_report(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ValueError, match=r"folder=.*'a.json' \(damaged\)"):
        class_report(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"folder=.*a\.json"):
        class_report(tmp_path / "a.json")


# The display


def test_the_csv_is_the_rows_and_overwrites_nothing(tmp_path):
    report = report_on(tmp_path / "class", a_class(6, 12, answers=0.5))
    report.to_csv(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert [list(row) for row in read] == [list(row) for row in report.rows]
    for row, text in zip(report.rows, read, strict=True):
        for key, value in row.items():
            words = {"fewer than 5", "not asked"}
            assert text[key] in words if value is None else text[key] == str(value)
    kept = (tmp_path / "out.csv").read_bytes()
    with pytest.raises(FileExistsError, match=r"path=.*out\.csv"):
        report.to_csv(str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_bytes() == kept


def test_the_table_has_a_caption_and_headers_and_says_what_the_text_says(tmp_path):
    report = report_on(tmp_path, a_class(6, 12, answers=0.6))
    (tmp_path / "<b>&.json").write_text("{")
    report = class_report(tmp_path)
    bundle = report._repr_mimebundle_()
    page, text = bundle["text/html"], bundle["text/plain"]
    assert page.count("<caption>") == page.count("</table>") == 1
    assert page.count('scope="col"') == 4
    assert page.count('scope="row"') >= 40
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;.json" in page
    body = page.partition("<tbody>")[2]
    told = re.findall(r"<td>(.*?)</td>", body)
    assert len(told) == 120
    said = re.findall(r"(?m)^\d+ %.*?(?=M\d\d )", text)
    assert [re.split(r"\s{2,}", line.strip()) for line in said] == [
        told[place : place + 3] for place in range(0, 120, 3)
    ]


def test_another_question_is_marked(tmp_path):
    table = {n: dict.fromkeys(KEYS, 0) for n in range(5)}
    report = report_on(tmp_path, table)
    marked = re.findall(r"(?m) \* +(M\d\d)", repr(report))
    assert marked == ["M26", "M35", "M11", "M13"]


def test_it_is_there_under_its_name_and_read_only_when_it_is_used():
    code = (
        "import sys, softmax_lab\n"
        "print('softmax_lab.learn.class_report' in sys.modules)\n"
        "for _ in range(2): print(callable(softmax_lab.class_report))\n"
        "print({'matplotlib', 'ipywidgets', 'pandas'} & set(sys.modules))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.split() == ["False", "True", "True", "set()"]
    assert "class_report" in softmax_lab.__all__
