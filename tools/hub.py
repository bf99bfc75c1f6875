"""A real JupyterHub with its real proxy, on this machine's loopback interface."""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psutil
from browser import wait_for

PROXY, NODE = "5.2.0", 20  # configurable-http-proxy, and the oldest Node.js for it
PROXY_HOME = Path(__file__).parents[1] / ".venv" / "share" / "configurable-http-proxy"
MARK = "SOFTMAX_LAB_HUB"  # in the environment of every process of ours
PROCESSES = {  # what a command line tells, looked at in this order
    "kernel": "ipykernel_launcher",
    "server": "jupyterhub.singleuser",
    "proxy": "configurable-http-proxy",
    "hub": "jupyterhub",
}


def missing():
    """Return what keeps JupyterHub from running here, in one sentence, or None."""
    if sys.platform == "win32":
        return "JupyterHub does not run on Windows."
    if not importlib.util.find_spec("jupyterhub"):
        return 'JupyterHub is missing: pip install -e ".[hub]"'
    if not shutil.which("node"):
        return "Node.js is missing: install it from nodejs.org or a package manager."
    if node_version() < NODE:
        return f"Node.js is too old: install version {NODE} or newer, from nodejs.org."
    if not shutil.which("npm") and not proxy_installed():
        return "npm is missing: install it with Node.js, or from a package manager."
    return None


def node_version():
    node = subprocess.run(["node", "--version"], capture_output=True, text=True)
    number = re.match(r"v(\d+)\.", node.stdout)
    return int(number[1]) if number else 0


def proxy_installed():
    """npm writes this file last, so half an installation does not count."""
    listed = PROXY_HOME / "node_modules" / ".package-lock.json"
    if not listed.exists():
        return False
    packages = json.loads(listed.read_text(encoding="utf-8"))["packages"]
    return packages["node_modules/configurable-http-proxy"]["version"] == PROXY


def install_proxy():
    """Fetch the proxy into the course's folder; return npm's complaint or None."""
    if proxy_installed():
        return None
    PROXY_HOME.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", f"configurable-http-proxy@{PROXY}"]
    command += ["--prefix", str(PROXY_HOME), "--ignore-scripts"]
    command += ["--no-audit", "--no-fund", "--no-update-notifier"]
    npm = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    return f"npm could not install the proxy: {npm.stderr}" if npm.returncode else None


def free_ports(count):
    """Return ports of the loopback interface that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def config(folder, settings):
    """Return the hub's address and the text of its configuration file.

    Each learner's home is a folder in `folder`. Anybody may log in as anybody
    and nothing separates the learners: this is no configuration for a class.
    """
    public, api, inner = [f"http://127.0.0.1:{port}" for port in free_ports(3)]
    program = PROXY_HOME / "node_modules" / ".bin" / "configurable-http-proxy"
    values = {
        "JupyterHub.authenticator_class": "dummy",
        "JupyterHub.spawner_class": "simple",
        "JupyterHub.bind_url": public,
        "JupyterHub.hub_bind_url": inner,
        "JupyterHub.log_level": "WARN",
        "ConfigurableHTTPProxy.api_url": api,
        "ConfigurableHTTPProxy.command": [str(program)],
        "SimpleLocalProcessSpawner.home_dir_template": f"{folder}/{{username}}",
        "Spawner.cmd": [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"],
        "Spawner.environment": {MARK: str(folder)},
    }
    lines = [f"c.{name} = {value!r}" for name, value in {**values, **settings}.items()]
    lines.append(
        "c.Spawner.environment['SOFTMAX_LAB_HOME'] = "
        "lambda spawner: spawner.home_dir + '/answers'"
    )
    return public, "\n".join(lines)


@contextlib.contextmanager
def jupyterhub(folder, settings):
    """Serve with JupyterHub out of `folder`; gives its address.

    In the end no process is left, whatever happened. The hub has a session of
    its own, so that Ctrl-C reaches us alone, and we end it.
    """
    address, text = config(folder, settings)
    (folder / "jupyterhub_config.py").write_text(text, encoding="utf-8")
    log = folder / "hub.log"
    with log.open("w") as out:
        hub = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=folder,
            env={**os.environ, MARK: str(folder)},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for(f"{address}/hub/api", hub, log)
        yield address
    finally:
        try:
            hub.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                hub.wait(20)
        finally:
            while left := started(folder):  # a dying server may have started a kernel
                end(left)


def started(folder):
    """Return the processes that the hub of `folder` led to, whoever their parent."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(folder):
                found.append(process)
    return found


def end(processes):
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=10)


def memory(folder):
    """Return how memory was measured, and {kind of process: [MB of each]}.

    PSS, where there is one, divides a page among all who share it.
    """
    measure, found = "RSS", {kind: [] for kind in PROCESSES}
    for process in started(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            command = " ".join(process.cmdline())
            try:
                info = process.memory_full_info()
            except psutil.AccessDenied:
                info = process.memory_info()
            measure = next(
                name for name in ("pss", "uss", "rss") if hasattr(info, name)
            )
            kind = next(kind for kind, sign in PROCESSES.items() if sign in command)
            found[kind].append(getattr(info, measure) / 1e6)
    return measure.upper(), found
