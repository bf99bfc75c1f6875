"""Grade all submissions of an assignment, each where it can harm nobody else.

    python grade.py ps1_softmax
    python grade.py ps1_softmax --workers 8 --timeout 120
    python grade.py ps1_softmax --scheduler tcp://10.0.0.1:8786

Submissions are in submitted/<student>/<assignment>/. Scores go to gradebook.db,
of which a copy is kept in .grade/ first, and to grades.csv; marks given by hand
are left alone. Interrupted, the same command goes on where it stopped; what was
graded is graded again only if it has changed. Feedback is written for everybody
whose answers are all marked: run it again after formgrade.
"""

import argparse
import itertools
import logging
import sys
import tempfile
import time
import zipfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, KilledWorker, LocalCluster, as_completed
from sqlalchemy.exc import OperationalError
from tqdm import tqdm

from grading import sandbox, submissions
from grading.autograde import Outcome, grade
from grading.course import Course
from grading.gradebook import GRADED, MANUAL, MISSING, UNGRADED, CourseError, lost

ROOT = Path(__file__).resolve().parent
AHEAD = 3  # submissions a worker that wait on the scheduler
WORKER_MEMORY = "2GB"  # the grader itself; a submission has its own limit
DASK = {
    # one submission a worker: if one kills its worker, no other is blamed for it
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.allowed-failures": 1,
    # Ctrl-C is for this process alone, which then ends its workers
    "distributed.worker.preload": [
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    ],
}
KILLED = "its grader was killed whenever it ran it"


def main(argv=None):
    args = arguments(argv)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    course = Course(args.root, args.assignment)
    work = course.prepare()
    work.seconds, work.memory = args.timeout, args.memory * 1e9
    if not args.scheduler:
        print(SANDBOX if sandbox.available() else NO_SANDBOX)
    todo, notes = look_through(course, work, args.again)
    start, without = time.monotonic(), 0
    if todo:
        course.book.back_up()
        with pool(args) as client:
            check_reference(course, client, work)
            for student, outcome in progress(todo, run(client, work, todo)):
                key, submission = todo[student]
                reason = saved(course, student, key, outcome, submission)
                notes[student] = (reason, submission.remarks)
                without += not outcome.walls
    seconds = time.monotonic() - start
    rows = course.book.rows({name: reason for name, (reason, _) in notes.items()})
    without_feedback = feedback(course, rows)
    course.book.write_grades(rows)
    print(
        f"{course.assignment}: {len(todo)} submissions run in {seconds:.0f} s", end=""
    )
    print(f", {without} of them without a sandbox" if without else "")
    print(table(rows, notes))
    for student, reason in without_feedback.items():
        print(f"No feedback for {student}: {reason}")


SANDBOX = "Each submission runs in a sandbox (bubblewrap): no network, no other files."
NO_SANDBOX = (
    "There is no sandbox here: submissions run as you, in a folder of their own. "
    "On Linux install bubblewrap; for the code of strangers use a machine that has "
    "nothing to lose."
)


def arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("assignment", help="a folder in source/")
    parser.add_argument(
        "--workers",
        type=positive(int),
        default=CPU_COUNT,
        metavar="N",
        help="submissions at the same time (default: one a processor)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="a Dask scheduler, when one machine is not enough; its workers need "
        "nbgrader and NumPy, and one thread each",
    )
    parser.add_argument(
        "--timeout",
        type=positive(float),
        default=180.0,
        metavar="S",
        help="seconds for a whole submission (default: 180)",
    )
    parser.add_argument(
        "--memory",
        type=positive(float),
        default=2.0,
        metavar="GB",
        help="memory for a submission and all it starts (default: 2)",
    )
    parser.add_argument(
        "--again", action="store_true", help="grade also what has not changed"
    )
    parser.add_argument("--root", default=ROOT, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def positive(kind):
    def read(text):
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
        return number

    return read


def look_through(course, work, again):
    """Return what is to be graded, and what is known of the rest.

    todo   {student: (key, submission)}
    notes  {student: (why it could not be graded or "", remarks)}
    """
    handed_in, unusable = course.submissions()
    todo, notes = {}, {name: (reason, []) for name, reason in unusable.items()}
    scores = course.book.auto_scores()
    for student, folder in handed_in.items():
        try:
            submission = submissions.read(folder, course.notebook, course.release)
        except submissions.UngradedError as error:
            notes[student] = (str(error), [])
            continue
        except Exception as error:  # one damaged submission stops no other
            notes[student] = (f"it cannot be read: {error!r}"[:200], [])
            continue
        key = work.key(submission.files)
        known = None if again else course.book.remembered(student, key, scores)
        if known:
            notes[student] = (known["reason"], known["remarks"])
        else:
            todo[student] = (key, submission)
    return todo, notes


@contextmanager
def pool(args):
    """A Dask client: of the scheduler that was named, or of this machine's own."""
    with ExitStack() as stack:
        if args.scheduler:
            client = stack.enter_context(connected(args.scheduler))
            send_code(client)
        else:
            dask.config.set(DASK)
            scratch = stack.enter_context(
                tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            )
            cluster = LocalCluster(
                n_workers=args.workers,
                threads_per_worker=1,
                memory_limit=WORKER_MEMORY,
                scheduler_kwargs={"dashboard": False},
                dashboard_address=None,
                local_directory=scratch,
                silence_logs=logging.CRITICAL,
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
        yield client


def connected(address):
    try:
        return Client(address, timeout=20)
    except (OSError, ValueError):
        raise CourseError(f"scheduler={address!r}: no Dask scheduler answers") from None


def send_code(client):
    """Give a scheduler's workers, now and later, the code that grades."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if any(worker["nthreads"] != 1 for worker in workers):
        raise CourseError(
            "start the workers with --nthreads 1: nbgrader changes folders"
        )
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "grading.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            for path in sorted((ROOT / "grading").glob("*.py")):
                packed.write(path, f"grading/{path.name}")
        client.upload_file(str(archive))


def run(client, work, todo):
    """Yield (student, outcome) as they come, a few ahead of the workers."""
    waiting, students = iter(todo.items()), {}

    def send(count):
        for student, (_, submission) in itertools.islice(waiting, count):
            future = client.submit(grade, work, submission.files, pure=False)
            students[future] = student
            yield future

    running = as_completed(send(AHEAD * max(len(client.nthreads()), 1)))
    for future in running:
        yield students.pop(future), outcome_of(future)
        for more in send(1):
            running.add(more)


def saved(course, student, key, outcome, submission):
    """Put an outcome on record; return why it could not be graded, or ""."""
    try:
        course.book.save(student, key, outcome, submission)
    except OperationalError:  # the gradebook itself: it concerns all
        raise
    except Exception as error:
        return f"its result cannot be recorded: {error!r}"[:200]
    return outcome.reason


def outcome_of(future):
    error = future.exception()
    if error is None:
        return future.result()
    reason = (
        KILLED if isinstance(error, KilledWorker) else f"the grader failed: {error!r}"
    )
    return Outcome("", reason[:200])


def check_reference(course, client, work):
    """The solution itself must get all points, or no grade means anything."""
    outcome = outcome_of(client.submit(grade, work, course.reference, pure=False))
    failed = lost(outcome.notebook) if outcome.notebook else [outcome.reason]
    if failed:
        raise CourseError(
            f"the solution in source/{course.assignment} does not pass its own tests: "
            f"{', '.join(failed)}"
        )


def progress(todo, outcomes):
    return tqdm(outcomes, total=len(todo), unit=" submissions", dynamic_ncols=True)


def feedback(course, rows):
    """Write feedback for whoever is marked; return {student: why there is none}."""
    ready = [row["student"] for row in rows if row["state"] == GRADED]
    failed = {}
    for student in tqdm(ready, unit=" feedback", disable=not ready):
        try:
            course.book.write_feedback(student)
        except Exception as error:  # one student's page stops no other's
            failed[student] = str(error) or repr(error)
    return failed


def table(rows, notes):
    """Return the last word of a run: how many in which state, and all that is odd."""
    lines = []
    for state in (GRADED, MANUAL, UNGRADED, MISSING):
        found = [row for row in rows if row["state"] == state]
        lines.append(f"{len(found):>6} {state}")
        if state == UNGRADED:
            lines += [f"       {row['student']}: {row['reason']}" for row in found]
    mended = {student: remarks for student, (_, remarks) in notes.items() if remarks}
    if mended:
        lines.append(f"{len(mended):>6} mended before grading")
    for student, remarks in mended.items():
        lines.append(f"       {student}: {'; '.join(remarks)}")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except CourseError as error:
        sys.exit(str(error))
    except OperationalError:
        sys.exit(
            "gradebook.db is in use or damaged; the same command goes on from here."
        )
    except KeyboardInterrupt:
        sys.exit(
            "Stopped. What was graded is saved; the same command goes on from here."
        )
