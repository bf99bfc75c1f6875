"""A real JupyterLab server and a real Chromium, for tests and measurements."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

CHROMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
INSTALLED = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def find_chromium():
    """Return the path of a Chromium on this machine, or None."""
    found = [shutil.which(name) for name in CHROMES]
    found += [path for path in INSTALLED if Path(path).exists()]
    return next((path for path in found if path), None)


@contextlib.contextmanager
def jupyterlab(root):
    """Serve `root` with JupyterLab; gives its address and a token.

    The learner who opens it has answered nothing yet.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, token = f"http://127.0.0.1:{port}", "softmax"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [
        f"--ServerApp.{key}={value}"
        for key, value in {
            "port": port,
            "port_retries": 0,
            "ip": "127.0.0.1",
            "root_dir": str(root),
        }.items()
    ]
    command += [f"--IdentityProvider.token={token}", "--expose-app-in-browser"]
    command += [
        f"--LabApp.{key}_dir={Path(root) / folder}"  # not those of who runs this
        for key, folder in {
            "workspaces": ".workspaces",
            "user_settings": ".settings",
        }.items()
    ]
    command.append("--JupyterNotebookApp.expose_app_in_browser=True")
    log = Path(root) / "server.log"
    env = {**os.environ, "SOFTMAX_LAB_HOME": str(Path(root) / ".answers")}
    with log.open("w") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=env)
        try:
            wait_for(f"{address}/api/status?token={token}", server, log)
            yield address, token
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url, server, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.2)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")


def end_kernels(address, token):
    """End every kernel that an open notebook has started."""
    sessions = f"{address}/api/sessions"
    with urllib.request.urlopen(f"{sessions}?token={token}") as answer:
        running = json.load(answer)
    for session in running:
        end = urllib.request.Request(
            f"{sessions}/{session['id']}?token={token}", method="DELETE"
        )
        urllib.request.urlopen(end).close()


@contextlib.contextmanager
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=FLAGS
        )
        try:
            yield browser
        finally:
            browser.close()


def open_notebook(page, address, token, path, place="lab/tree"):
    """Open a notebook in JupyterLab; `place="notebooks"` opens it in Notebook 7."""
    page.goto(f"{address}/{place}/{path}?token={token}&reset")
    page.locator(".jp-Notebook").wait_for(timeout=60_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.wait_for_function(KERNEL_IS_IDLE, timeout=60_000)


KERNEL_IS_IDLE = """
() => {
  const session = window.jupyterapp.shell.currentWidget?.sessionContext?.session;
  return session?.kernel?.status === 'idle';
}
"""
EVERY_CELL_HAS_RUN = """
() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const code = [...panel.content.model.cells].filter(cell => cell.type === 'code');
  const idle = panel.sessionContext.session.kernel.status === 'idle';
  return idle && code.every(cell => cell.executionCount !== null);
}
"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
PAINTED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"


def run_all(page):
    """Run a notebook without outputs and wait until JupyterLab is done with it.

    The last cell's count is not the end: JupyterLab then selects that cell and
    takes the focus to it, which is over when the command's promise is kept.
    """
    page.evaluate(RUN_ALL)
    page.wait_for_function(EVERY_CELL_HAS_RUN, timeout=300_000)
    page.evaluate(PAINTED)
