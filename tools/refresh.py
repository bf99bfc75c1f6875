"""Execute the notebooks and store them in one canonical form.

    python course.py refresh               all lessons
    python course.py refresh 01_*.ipynb    some of them

Stored like this, two runs give the same bytes, a diff shows what changed,
and a reader without a kernel sees numbers and pictures.
"""

import argparse
import os
import sys
import tempfile

import nbformat
from nbclient import NotebookClient
from places import NOTEBOOKS

WIDGET = "application/vnd.jupyter.widget-view+json"
KERNEL = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


def executed(path):
    """Return the notebook at `path`, run from top to bottom in a new kernel."""
    notebook = nbformat.read(path, as_version=4)
    run(notebook, path.parent)
    return canonical(notebook)


def run(notebook, folder=NOTEBOOKS):
    """Execute the cells in place; only a failing cell is worth a message."""
    NotebookClient(
        notebook,
        timeout=600,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    ).execute()


def canonical(notebook):
    """Keep what a reader sees; drop what differs from one run to the next.

    A live figure leaves its still picture and, under it, its sentence and goals:
    the reference to a widget means nothing once its kernel is gone, and what
    shows a notebook without one shows a picture or its text, never both.
    """
    notebook.metadata = nbformat.from_dict(KERNEL)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.pop("attachments", None)
        cell.source = cell.source.strip()
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data.pop(WIDGET, None)
                output.metadata = nbformat.from_dict({})
        if "outputs" in cell:
            cell.outputs = with_sentences(cell.outputs)
    return notebook


def with_sentences(outputs):
    texts = [sentence_of(output) for output in outputs]
    whole = []
    for output in outputs:
        if output not in texts:
            whole += [output, sentence_of(output)]
    return [output for output in whole if output]


def sentence_of(output):
    """The text of a still picture as an output of its own, or None."""
    if "image/svg+xml" not in output.get("data", {}):
        return None
    text = {"text/plain": output.data["text/plain"]}
    return nbformat.v4.new_output("display_data", text)


def joined(outputs):
    """Join what was printed in one go but came in pieces, by chance of timing."""
    whole = []
    for output in outputs:
        if whole and "name" in output and whole[-1].get("name") == output.name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def main(names):
    paths = [path for name in names for path in sorted(NOTEBOOKS.glob(name))]
    if not paths:
        sys.exit(f"no notebook in {NOTEBOOKS} matches {' '.join(names)}")
    with tempfile.TemporaryDirectory() as nobody:  # who has answered nothing yet
        os.environ["SOFTMAX_LAB_HOME"] = nobody
        for path in paths:
            print(f"running {path.name}", flush=True)
            nbformat.write(executed(path), path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="execute and store the notebooks")
    parser.add_argument("names", nargs="*", default=["*.ipynb"])
    main(parser.parse_args().names)
