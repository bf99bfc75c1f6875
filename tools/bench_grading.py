"""How fast a class is graded, beside nbgrader's own sequential run.

    python tools/bench_grading.py            60 submissions, 2 workers
    python tools/bench_grading.py 12         fewer

Both grade the same submissions, right and wrong ones in turn, one run after the
other. Memory is the most that a worker had, looked at four times a second.
"""

import itertools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from course_root import PATH, hand_in, nbgrader, new_course, scores, solved
from places import ROOT

sys.path.append(str(ROOT / "tests/classroom"))
import learners_ps1

ASSIGNMENT, WORKERS = "ps1_softmax", 2


def hand_in_all(root, count):
    """A class in which every second student makes a mistake that we know."""
    mistakes = itertools.cycle(changes for changes, _ in learners_ps1.WRONG.values())
    for k in range(count):
        changes = next(mistakes) if k % 2 else {}
        hand_in(root, f"student-{k:03}", ASSIGNMENT, solved(ASSIGNMENT, changes))


def by_grade_py(root):
    """Return (seconds, the most memory of a worker in MB)."""
    command = [sys.executable, "grade.py", ASSIGNMENT, "--workers", str(WORKERS)]
    env, start, most = os.environ | {"PATH": PATH}, time.monotonic(), 0
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=root, env=env, **quiet) as child:
        while child.poll() is None:
            most = max([most, *map(memory, workers(child.pid))])
            time.sleep(0.25)
    assert child.returncode == 0
    return time.monotonic() - start, most / 1e6


def workers(pid):
    try:
        family = psutil.Process(pid).children()
        return [p for p in family if "spawn_main" in " ".join(p.cmdline())]
    except psutil.Error:
        return []


def memory(process):
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def by_nbgrader(root):
    nbgrader(root, "generate_assignment", ASSIGNMENT, "--force")
    start = time.monotonic()
    nbgrader(root, "autograde", ASSIGNMENT)
    return time.monotonic() - start


def main(count):
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (new_course(Path(folder, name)) for name in ("ours", "theirs"))
        hand_in_all(ours, count)
        hand_in_all(theirs, count)
        seconds, most = by_grade_py(ours)
        sequential = by_nbgrader(theirs)
        same = scores(ours, ASSIGNMENT) == scores(theirs, ASSIGNMENT)
    print(f"{count} submissions of {ASSIGNMENT}, {os.cpu_count()} cores\n")
    print(f"{'':28}{'seconds':>9}{'a minute':>10}{'worker MB':>11}")
    print(
        f"{f'grade.py, {WORKERS} workers':28}"
        f"{seconds:9.0f}{60 * count / seconds:10.0f}{most:11.0f}"
    )
    print(f"{'nbgrader autograde':28}{sequential:9.0f}{60 * count / sequential:10.0f}")
    print(f"\ngrade.py is {sequential / seconds:.2f} times as fast; ", end="")
    print("all scores are equal" if same else "SCORES DIFFER")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 60)
