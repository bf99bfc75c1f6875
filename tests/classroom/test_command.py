"""What grade.py refuses, in a sentence."""

import grade as command_line
import nbformat
import pytest
from course_root import grade_here, hand_in, new_course, read, run, solved
from distributed import Client, LocalCluster
from test_class import LEARNERS, PS1

from grading.gradebook import CourseError


@pytest.mark.slow
def test_a_solution_that_fails_its_own_tests_stops_the_run(tmp_path):
    root = new_course(tmp_path / "course")
    source = read("source", PS1)
    mistake = next(iter(LEARNERS[PS1].WRONG.values()))
    for cell in source.cells:
        if cell.id in mistake[0]:
            cell.source = f"### BEGIN SOLUTION\n{mistake[0][cell.id]}\n### END SOLUTION"
    nbformat.write(source, root / "source" / PS1 / f"{PS1}.ipynb")
    hand_in(root, "ada", PS1, solved(PS1))
    said = "does not pass its own tests: " + ", ".join(mistake[1])
    with pytest.raises(CourseError, match=said):
        grade_here(root, PS1)
    assert not (root / "grades.csv").exists()


def test_workers_with_several_threads_are_refused():
    """nbgrader changes folders, and a folder is a process's."""
    alone = {"n_workers": 1, "processes": False, "dashboard_address": None}
    with (
        LocalCluster(threads_per_worker=2, **alone) as cluster,
        Client(cluster) as client,
        pytest.raises(CourseError, match="start the workers with --nthreads 1"),
    ):
        command_line.send_code(client)


def test_an_assignment_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    done = run(new_course(tmp_path / "course"), "grade.py", "ps3")
    assert done.returncode == 1
    assert "assignment='ps3'" in done.stderr
    assert "there are ps1_softmax, ps2_trust" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--workers", "--timeout", "--memory"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "nan"])
def test_a_senseless_number_is_refused(option, value, capsys):
    with pytest.raises(SystemExit):
        command_line.arguments([PS1, option, value])
    said = f"argument {option}: {value!r} is not a number above 0"
    assert said in capsys.readouterr().err
