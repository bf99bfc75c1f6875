"""nbgrader's settings for this course; its commands are run in this folder."""

import sys
from pathlib import Path

from nbgrader.converters import GenerateAssignment, GenerateFeedback

sys.path.insert(0, str(Path(__file__).parent))

from grading.feedback import ForStudents
from grading.lms import Collector
from grading.release import Variant

c = get_config()  # noqa: F821 (nbgrader puts it here)

c.CourseDirectory.course_id = "softmax-lab"

# An instructor's seed changes the numbers; without one nothing is changed.
c.GenerateAssignment.preprocessors = [
    Variant,
    *GenerateAssignment.preprocessors.default(),
]

# Seconds for one cell; grade.py --timeout is for a whole notebook.
c.Execute.timeout = 20
# Else one duplicated or deleted test cell stops the run of the whole class.
c.OverwriteCells.add_missing_cells = True
c.LimitOutput.max_lines = 200

c.GenerateFeedback.preprocessors = [
    ForStudents,
    *GenerateFeedback.preprocessors.default(),
]
c.ZipCollectApp.collector_plugin = Collector

# grades.csv is grade.py's
c.CsvExportPlugin.to = "all-grades.csv"
