"""What a class believed before and after, from the files that its learners gave.

A learner who wants to hands over what `progress.export` wrote. Each belief is
measured by one fixed question, asked before it is explained and again later. The
two questions that open a lesson are left out: `review` chooses them among the
learner's own mistakes, so they tell of that choice and not of the class.

Nothing is said of fewer than five learners, and what they answered changes no
other figure. But two reports on a class, with and without one learner, tell what
that learner answered: give away only one.
"""

import csv
import html
import json
from functools import cache
from itertools import groupby
from pathlib import Path

from softmax_lab.base.store import as_record
from softmax_lab.lessons import catalogue

ENOUGH = 5  # learners
LARGEST = 5_000_000  # bytes; the answers to the whole course are a fiftieth of it
WITHHELD, NOT_ASKED = f"fewer than {ENOUGH}", "not asked"
CAPTION = (
    "The share of learners who chose an option that comes from the belief, and how "
    "many answered. By guessing: the share of the options that come from it. Before: "
    "in the first inventory, or where a lesson asks and then explains. After: the same "
    "question asked again, or * another that offers the belief as often. Those who "
    f"skipped a question are left out; of {WITHHELD} nothing is told. Before and after "
    "need not be the same learners."
)
STYLE = """<style>
.softmax-lab-class { max-width: 60em; }
.softmax-lab-class table { border-collapse: collapse; }
.softmax-lab-class caption { caption-side: top; text-align: left; padding: 6px 0; }
.softmax-lab-class table :is(th, td) { text-align: left; vertical-align: top;
  padding: 3px 18px 3px 0; }
.softmax-lab-class table :is(td, thead th) { white-space: nowrap; }
.softmax-lab-class tbody th[scope="rowgroup"] { padding-top: 12px; }
.softmax-lab-class tbody th[scope="row"] { font-weight: normal; }
</style>"""


def class_report(folder):
    """Return what the learners of a class believed, before and after.

    folder  holds the files that `progress.export` wrote; all its *.json are read

    Before is the answer to a question of the first inventory, or to one that a
    lesson asks before it explains. After is the answer to the same question when
    the course asks it again, in a recap or in the last inventory. Where it never
    does, another that offers the belief as often stands in, or none. A share is
    that of the learners who answered the question and did not skip it.

    Files that share a record come from one learner, who counts once. A file that
    cannot be used is set aside and named. An answer to a question that this course
    does not have, or has with other options, is ignored and counted.

    Raises FileNotFoundError, NotADirectoryError or ValueError, naming `folder`,
    where there is no folder or no answer in it.
    """
    path = Path(folder).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"folder={str(folder)!r}: there is no such folder")
    if not path.is_dir():
        raise NotADirectoryError(f"folder={str(folder)!r} is a file and no folder")
    exports, aside = [], []
    for file in sorted(path.glob("*.json")):
        try:
            exports.append(read(file))
        except ValueError as error:
            aside.append(f"{file.name!r} ({error})")
    set_aside = f"Set aside: {len(aside)}. {', '.join(aside)}"
    if not exports:
        raise ValueError(
            f"folder={str(folder)!r}: no file in it is an export with answers. "
            f"{set_aside if aside else ''}".strip()
        )
    firsts = [first_answers(records) for records in merged(exports)]
    learners = [{k: a for k, a in first.items() if fits(a)} for first in firsts]
    ignored = sum(map(len, firsts)) - sum(map(len, learners))
    count = len(learners) if len(learners) >= ENOUGH else WITHHELD
    lines = [f"Files: {len(exports) + len(aside)}. Learners: {count}."]
    lines += [set_aside] if aside else []
    if ignored:
        lines.append(f"Answers that fit no question of this course: {ignored}.")
    return ClassReport(rows(learners), [*lines, gained(learners)])


class ClassReport:
    """The report on a class, to be displayed.

    rows   a dict for each belief: lesson, misconception, belief, by_guessing (the
           share of the options that come from it) and, before and after, the
           question, the share and the number of learners; None where nothing is
           asked, share and number also where fewer than five learners answered
    lines  what there is to say besides, in sentences
    """

    def __init__(self, rows, lines):
        self.rows, self.lines = rows, lines

    def to_csv(self, path):
        """Write the rows to a new file. Raises FileExistsError if it is there."""
        try:
            with Path(path).open("x", encoding="utf-8", newline="") as file:
                table = csv.DictWriter(file, list(self.rows[0]))
                table.writeheader()
                table.writerows(map(spelt_out, self.rows))
        except FileExistsError:
            raise FileExistsError(
                f"path={str(path)!r} exists; give another name"
            ) from None

    def __repr__(self):
        said = [*self.lines, "", CAPTION]
        for lesson, group in by_lesson(self.rows):
            said += ["", f"{'by guessing':13}{'before':15}{'after':15}{lesson}"]
            for name, (guessing, before, after) in group:
                said.append(f"{guessing:13}{before:15}{after:15}{name}")
        return "\n".join(said)

    def _repr_mimebundle_(self, **kwargs):
        return {"text/plain": repr(self), "text/html": self.as_html()}

    def as_html(self):
        said = "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)
        names = ["Belief", "By guessing", "Before", "After"]
        head = "".join(f'<th scope="col">{name}</th>' for name in names)
        body = ""
        for lesson, group in by_lesson(self.rows):
            body += f'<tbody><tr><th scope="rowgroup" colspan="4">{lesson}</th></tr>'
            for name, texts in group:
                shares = "".join(f"<td>{text}</td>" for text in texts)
                body += f'<tr><th scope="row">{html.escape(name)}</th>{shares}</tr>'
            body += "</tbody>"
        table = f"<caption>{CAPTION}</caption><thead><tr>{head}</tr></thead>{body}"
        return (
            f'{STYLE}<div class="softmax-lab-class">{said}<table>{table}</table></div>'
        )


def by_lesson(rows):
    """Yield "Lesson 1" and the name and the three cells of each of its rows."""
    for lesson, group in groupby(rows, lambda row: row["lesson"]):
        named = [(f"{r['misconception']} {r['belief']}", cells(r)) for r in group]
        yield f"Lesson {int(lesson)}", named


def cells(row):
    """The three shares of a row, as texts."""
    texts = [percent(row["by_guessing"])]
    for time in ("before", "after"):
        share = spelt_out(row)[f"{time}_share"]
        if not isinstance(share, str):
            share = f"{percent(share)} of {row[f'{time}_learners']}"
        texts.append(share)
    before, after = row["before_question"], row["after_question"]
    if before and after and name(before) != name(after):
        texts[-1] += " *"
    return texts


def spelt_out(row):
    """Return the row with words for each None."""
    out = dict(row)
    for time in ("before", "after"):
        why = WITHHELD if row[f"{time}_question"] else NOT_ASKED
        for key in ("question", "share", "learners"):
            if row[f"{time}_{key}"] is None:
                out[f"{time}_{key}"] = why
    return out


def percent(share):
    return f"{100 * share:.0f} %"


def read(file):
    """Return {its JSON: record} of an export. Raises ValueError, saying why not."""
    try:
        if not file.is_file():  # a folder, or a pipe that would wait for ever
            raise ValueError("no file")
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError:
        raise ValueError("cannot be read") from None
    if len(data) > LARGEST:
        raise ValueError("too large")
    export = {}
    try:
        found = json.loads(data.decode("utf-8-sig"))
        records = found.get("softmax_lab") if isinstance(found, dict) else None
        for record in records if isinstance(records, list) else []:
            if not isinstance(as_record(record).get("at"), str):
                raise ValueError("a record without its time")
            export[json.dumps(record, sort_keys=True)] = record
    except (ValueError, RecursionError):  # ValueError: no JSON, no UTF-8, no record
        raise ValueError("damaged") from None
    if not isinstance(records, list):
        raise ValueError("not an export")
    if not any(r["kind"] == "answer" and fits(r) for r in records):
        raise ValueError("no answers to this course")
    return export


def merged(exports):
    """Return the records of each learner: exports that share one have the same."""
    owner = {}
    for export in exports:
        learner = dict(export)
        for other in {id(owner[r]): owner[r] for r in export if r in owner}.values():
            learner |= other
        owner |= dict.fromkeys(learner, learner)
    return [one.values() for one in {id(one): one for one in owner.values()}.values()]


def first_answers(records):
    """Return {question and place: the first answer}: in the lessons, it counts."""
    answers = [record for record in records if record["kind"] == "answer"]
    answers.sort(key=lambda r: (r["at"], json.dumps(r, sort_keys=True)), reverse=True)
    return {answer["id"]: answer for answer in answers}


def name(key):
    """The question of a key such as "times-ten@recap-03"."""
    return key.partition("@")[0]


def fits(answer):
    """Whether a question of this course, as it is today, can have got this answer."""
    options = known_options().get(name(answer["id"]), [])
    possible = [(bool(o.get("right")), o.get("misconception")) for o in options]
    given = answer.get("right"), answer.get("misconception")
    same = options and answer.get("of") == len(options)
    return bool(same) and given in [*possible, (None, None)]


@cache
def known_options():
    """Return {id: options} of all questions, for the many answers of a class."""
    names = [*catalogue.LESSONS, "inventory"]
    return {q["id"]: q["options"] for file in names for q in catalogue.questions(file)}


def rows(learners):
    """Return a row for each belief, by lesson."""
    known = catalogue.beliefs()
    table = []
    for belief in sorted(known, key=lambda belief: (known[belief]["lesson"], belief)):
        before, after = known[belief]["before"], known[belief]["after"]
        options = known_options()[name(before or after)]
        offers = [option.get("misconception") == belief for option in options]
        row = {"lesson": known[belief]["lesson"], "misconception": belief}
        row |= {"belief": known[belief]["belief"]}
        row |= {"by_guessing": sum(offers) / len(offers)}
        # Who goes their own way may answer the second first: then there is no before.
        in_time = [a for a in learners if not is_late(a, before, after)]
        row |= side("before", before, belief, in_time)
        row |= side("after", after, belief, learners)
        table.append(row)
    return table


def is_late(answers, before, after):
    both = before in answers and after in answers
    return both and answers[before]["at"] > answers[after]["at"]


def side(time, key, belief, learners):
    """The question, the share and the number of learners, if it may be told."""
    answers = [learner[key] for learner in learners if key in learner]
    shown = [a.get("misconception") == belief for a in answers if not skipped(a)]
    told = len(shown) >= ENOUGH
    return {
        f"{time}_question": key,
        f"{time}_share": sum(shown) / len(shown) if told else None,
        f"{time}_learners": len(shown) if told else None,
    }


def skipped(answer):
    return answer.get("right") is None


def gained(learners):
    """What the inventory says of those who answered all of it twice."""
    asked = [question["id"] for question in catalogue.questions("inventory")]
    scores = []
    for learner in learners:
        before, after = (
            [learner.get(f"{id}@{time}", {}).get("right") for id in asked]
            for time in ("before", "after")
        )
        if None not in before + after:
            scores.append((sum(before), sum(after)))
    if len(scores) < ENOUGH:
        return f"Inventory: {WITHHELD} learners answered all of it before and after."
    before, after = (sum(score) / len(scores) for score in zip(*scores, strict=True))
    said = (
        f"Inventory: {len(scores)} learners had {before:.1f} of {len(asked)} right "
        f"before and {after:.1f} after, on average."
    )
    if before == len(asked):
        return f"{said} There was nothing left to gain."
    gain = (after - before) / (len(asked) - before)
    return f"{said} Normalised gain: {gain:.2f}."
