"""File names as learning management systems make them, for nbgrader zip_collect.

The student is named as in the system's own table of marks, so that grades.csv
can be joined to it.
"""

import re
from pathlib import PurePath

from nbgrader.plugins.zipcollect import FileNameCollectorPlugin

NAMES = {
    # Ada Lovelace_104_assignsubmission_file/ps1_softmax.ipynb, or _ instead of /
    "Moodle": r"[^/]*_(?P<student_id>\d+)_assignsubmission_file_?/?",
    # Problem set 1_ada_l_attempt_2026-11-20-23-59-00_ps1_softmax.ipynb
    "Blackboard": r"(?:{assignment}|[^/_]*)_(?P<student_id>[^/]+)_attempt_"
    r"(?P<timestamp>\d+-\d+-\d+-\d+-\d+-\d+)_",
    # lovelaceada_LATE_104_5821_ps1_softmax-2.ipynb
    "Canvas": r"[^/_]+_(?:LATE_)?(?P<student_id>\d+)_\d+_",
}


class Collector(FileNameCollectorPlugin):
    """Tell student and notebook from the path of a downloaded file."""

    def _match(self, filename):
        path = PurePath(filename).as_posix()
        assignment = re.search(r"/downloaded/([^/]+)/", path)
        assignment = re.escape(assignment[1]) if assignment else "(?!)"
        for system in NAMES.values():
            start = system.replace("{assignment}", assignment)
            found = re.fullmatch(rf"(?:.*/)?{start}(?P<file_id>[^/]+)", path)
            if found:
                return with_timestamp(found.groupdict())
        self.log.warning("No system that is known names its files so: %s", path)
        return None


def with_timestamp(found):
    """Write 2026-11-20-23-59-00 as a timestamp; without one leave it out."""
    if found.get("timestamp"):
        year, month, day, *time = found["timestamp"].split("-")
        found["timestamp"] = f"{year}-{month}-{day} {':'.join(time)} UTC"
    return found
