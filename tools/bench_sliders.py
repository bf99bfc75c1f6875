"""Where a person waits: from slider to pixels, and from start to end of a lesson.

Three figures of the same six labelled bars stand in one notebook, served by
one JupyterLab to one Chromium: our live figure, `interact` with inline
figures, and ipympl with blitting. They take turns, so that a noisy machine is
equally noisy for all; look at the ratios.
"""

import statistics
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
from browser import chromium, jupyterlab, open_notebook, run_all
from nbformat.v4 import new_code_cell, new_notebook
from places import NOTEBOOKS
from refresh import run

ROUNDS, MOVES, DRAG_SECONDS = 8, 8, 2.0

SHARED = """
import os
import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from softmax_lab import draw_probs, live, softmax

%matplotlib inline
logits, names = np.array([2.0, 1.0, 0.1, -1.0, 0.0, 0.5]), list("abcdef")
print("kernel", os.getpid())
"""
OURS = """
def draw(ax, temperature=5.0):
    draw_probs(ax, softmax(logits / temperature), names)
    ax.set_title(f"T = {temperature:.1f}")

live(draw, temperature=(0.1, 10.0))
"""
INTERACT = """
def show(temperature=5.0):
    fig, ax = plt.subplots(figsize=(7.2, 3.2))
    probs = softmax(logits / temperature)
    bars = ax.bar(names, probs, color=[f"C{k}" for k in range(6)])
    ax.bar_label(bars, [f"{p:.2f}" for p in probs])
    ax.set_ylim(0, 1.1)
    ax.set_title(f"T = {temperature:.1f}")
    plt.show()

widgets.interact(show, temperature=(0.1, 10.0));
"""
IPYMPL = """
from ipympl.backend_nbagg import Canvas, FigureManager
from matplotlib.figure import Figure

figure = Figure(figsize=(7.2, 3.2))
canvas = Canvas(figure)
manager = FigureManager(canvas, 0)
ax = figure.subplots()
probs = softmax(logits / 5.0)
bars = ax.bar(names, probs, color=[f"C{k}" for k in range(6)])
values = [ax.text(k, p, f"{p:.2f}", ha="center") for k, p in enumerate(probs)]
ax.set_ylim(0, 1.1)
title = ax.set_title("T = 5.0")
moving = [*bars, *values, title]
for artist in moving:
    artist.set_animated(True)
slider = widgets.FloatSlider(value=5.0, min=0.1, max=10.0, step=0.1)
display(slider, canvas)
canvas.draw()
background = canvas.copy_from_bbox(figure.bbox)

def update(change):
    canvas.restore_region(background)
    title.set_text(f"T = {change['new']:.1f}")
    for bar, value, p in zip(bars, values, softmax(logits / change["new"])):
        bar.set_height(p)
        value.set(text=f"{p:.2f}", y=p)
    for artist in moving:
        ax.draw_artist(artist)
    canvas.blit(figure.bbox)

slider.observe(update, "value")
update({"new": 5.0})
%matplotlib inline
"""
FIGURES = {"live": OURS, "interact": INTERACT, "ipympl": IPYMPL}

# A change of the page counts when it has been painted: an image must be
# decoded first, then comes the next animation frame, then a task after it.
WATCH = """
() => {
  window.paints = [];
  window.lastKey = 0;
  const painted = (name) => requestAnimationFrame(() => setTimeout(() => {
    window.paints.push([name, performance.now()]);
  }));
  const outputs = [...document.querySelectorAll('.jp-CodeCell .jp-Cell-outputArea')];
  const names = %s;
  names.forEach((name, i) => {
    const area = outputs[i + 1];
    area.dataset.figure = name;
    let shown = area.querySelector('img')?.src;
    new MutationObserver((changes) => {
      const image = area.querySelector('.jp-OutputArea-output img');
      const svg = changes.some(c => c.target.closest && c.target.closest('.widget-html-content'));
      if (name === 'live' && svg) painted(name);
      if (name === 'interact' && image && image.src !== shown) {
        shown = image.src;
        image.decode().then(() => painted(name), () => {});
      }
    }).observe(area, {childList: true, subtree: true, attributeFilter: ['src']});
  });
  const drawImage = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...args) {
    drawImage.apply(this, args);
    if (this.canvas.isConnected) painted('ipympl');
  };
  document.addEventListener('keydown', (e) => { window.lastKey = e.timeStamp; }, true);
}
"""


def notebook():
    cells = [new_code_cell(source.strip()) for source in (SHARED, *FIGURES.values())]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def key_moves(page, kernel, name, key):
    """Press `key` MOVES times; milliseconds to pixels and kernel CPU a move."""
    handle = page.locator(f"[data-figure={name}] .noUi-handle")
    handle.focus()
    delays, cpu = [], 0.0
    for _ in range(MOVES):
        page.evaluate("window.paints = []")
        before = sum(kernel.cpu_times()[:2])
        page.keyboard.press(key)
        page.wait_for_function("name => paints.some(p => p[0] === name)", arg=name)
        delays.append(
            page.evaluate("name => paints.find(p => p[0] === name)[1] - lastKey", name)
        )
        page.wait_for_timeout(250)
        cpu += sum(kernel.cpu_times()[:2]) - before
    return delays, 1000 * cpu / MOVES


def drag(page, name):
    """Drag the slider to and fro; painted frames a second."""
    box = page.locator(f"[data-figure={name}] .noUi-base").bounding_box()
    y, left, width = box["y"] + box["height"] / 2, box["x"], box["width"]
    handle = page.locator(f"[data-figure={name}] .noUi-handle").bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, y)
    page.mouse.down()
    page.evaluate("window.paints = []")
    start, now = time.monotonic(), 0.0
    while now < DRAG_SECONDS:
        phase = (now / DRAG_SECONDS * 2) % 2
        page.mouse.move(left + width * (0.1 + 0.8 * (1 - abs(1 - phase))), y)
        time.sleep(0.008)
        now = time.monotonic() - start
    frames = page.evaluate(
        "name => new Set(paints.filter(p => p[0] === name).map(p => Math.round(p[1]))).size",
        name,
    )
    page.mouse.up()
    page.wait_for_timeout(1200)
    return frames / now


def measure():
    delays = {name: [] for name in FIGURES}
    cpu = {name: [] for name in FIGURES}
    frames = {name: [] for name in FIGURES}
    with tempfile.TemporaryDirectory() as root:
        nbformat.write(notebook(), Path(root) / "bench.ipynb")
        with jupyterlab(root) as (address, token), chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 3200})
            open_notebook(page, address, token, "bench.ipynb")
            run_all(page)
            page.wait_for_timeout(2000)
            pid = page.locator(".jp-OutputArea-output", has_text="kernel").inner_text()
            kernel = psutil.Process(int(pid.split()[-1]))
            page.evaluate(WATCH % list(FIGURES))
            for turn in range(ROUNDS):
                for name in FIGURES:
                    key = "ArrowRight" if turn % 2 else "ArrowLeft"
                    waits, spent = key_moves(page, kernel, name, key)
                    delays[name] += waits
                    cpu[name].append(spent)
                    frames[name].append(drag(page, name))
    return delays, cpu, frames


def sliders_table(delays, cpu, frames):
    """One row a figure, then our row divided by the others'."""
    rows = {}
    for name in FIGURES:
        waits = sorted(delays[name])
        p95 = waits[int(0.95 * len(waits))]
        medians = [statistics.median(found[name]) for found in (frames, cpu)]
        rows[name] = [statistics.median(waits), p95, *medians]
    for other in ("interact", "ipympl"):
        pairs = zip(rows["live"], rows[other], strict=True)
        rows[f"live / {other}"] = [ours / theirs for ours, theirs in pairs]
    print(f"{'':16}{'ms to pixels':>14}{'p95':>8}{'frames/s':>10}{'CPU ms/move':>13}")
    for name, (wait, p95, rate, work) in rows.items():
        digits = 2 if "/" in name else 1
        print(
            f"{name:16}{wait:14.{digits}f}{p95:8.{digits}f}{rate:10.{digits}f}"
            f"{work:13.{digits + 1}f}"
        )


def lessons_table():
    """Seconds from kernel start to last cell, and the kernel's memory then."""
    probe = "import psutil; print(psutil.Process().memory_info().rss)"
    print(f"{'':36}{'seconds':>10}{'kernel MB':>11}")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        lesson = nbformat.read(path, as_version=4)
        lesson.cells.append(new_code_cell(probe))
        start = time.monotonic()
        run(lesson)
        seconds = time.monotonic() - start
        memory = int(lesson.cells[-1].outputs[0].text) / 1e6
        print(f"{path.stem:36}{seconds:10.1f}{memory:11.0f}", flush=True)


if __name__ == "__main__":
    sliders_table(*measure())
    print()
    lessons_table()
