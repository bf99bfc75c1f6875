"""A class on one server: ten learners at once, on a real JupyterHub.

    python tools/bench_hub.py                 with the settings that we recommend
    python tools/bench_hub.py --defaults      with those of JupyterHub

Each learner logs in, waits for a server, opens a lesson and runs its code cells
through the hub's proxy, one after the other and without a pause: real learners
are slower, so this is the worst minute of a class.
"""

import argparse
import asyncio
import json
import math
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from hub import install_proxy, jupyterhub, memory, missing
from places import NOTEBOOKS
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

SETTINGS = {  # the instructor guide quotes them
    "Spawner.start_timeout": 180,  # seconds until a learner's server has started
    "Spawner.http_timeout": 180,  # seconds until it then answers
    "JupyterHub.concurrent_spawn_limit": 4,  # servers that start at the same time
}
PATIENCE = 180  # seconds that a browser waits for an answer
DEADLINE = 900  # seconds, for all learners together


class LessonError(Exception):
    """What kept a learner from the end of the lesson."""


@dataclass
class Learner:
    name: str
    client: httpx.AsyncClient | None = None
    served: float | None = None  # seconds until JupyterLab was there
    turned_away: int = 0  # times the hub said: try again later
    cells: list = field(default_factory=list)  # (seconds, name) of each code cell
    error: str | None = None

    def xsrf(self, path):
        return self.client.cookies.get("_xsrf", path=path)


def browser(address):
    """A client with cookies of its own, which waits as long as a hub may take."""
    return httpx.AsyncClient(
        base_url=address, follow_redirects=True, timeout=PATIENCE, trust_env=False
    )


async def get_server(learner):
    """Log in, and wait until the hub has started a server."""
    client, name = learner.client, learner.name
    await client.get("/hub/login")
    form = {"username": name, "password": "", "_xsrf": learner.xsrf("/hub/")}
    page = await client.post("/hub/login", data=form)
    while page.status_code == 429:
        learner.turned_away += 1
        await asyncio.sleep(int(page.headers["Retry-After"]))
        page = await client.get("/hub/spawn")
    page.raise_for_status()
    progress = f"/hub/api/users/{name}/server/progress"
    async with client.stream("GET", progress) as events:
        async for line in events.aiter_lines():
            event = json.loads(line[5:]) if line.startswith("data:") else {}
            if event.get("failed"):
                raise LessonError(event["message"])
            if event.get("ready"):
                break
    (await client.get(f"/user/{name}/lab")).raise_for_status()


async def open_lesson(learner, lesson):
    """Return the sources of the code cells, and a websocket to a new kernel."""
    client, home = learner.client, f"/user/{learner.name}/"
    found = (await client.get(f"{home}api/contents/{lesson}")).raise_for_status()
    cells = found.json()["content"]["cells"]
    session = await client.post(
        f"{home}api/sessions",
        json={"path": lesson, "name": lesson, "type": "notebook", "kernel": {}},
        headers={"X-XSRFToken": learner.xsrf(home)},
    )
    kernel = session.raise_for_status().json()["kernel"]["id"]
    request = client.build_request("GET", f"{home}api/kernels/{kernel}/channels")
    cookie = {"Cookie": request.headers["Cookie"]}
    patience = {"connect_timeout": PATIENCE, "request_timeout": PATIENCE}
    url = str(request.url).replace("http", "ws", 1)
    channels = await websocket_connect(HTTPRequest(url, headers=cookie, **patience))
    return [cell["source"] for cell in cells if cell["cell_type"] == "code"], channels


async def run_cell(channels, source):
    """Return when the kernel has replied and is idle again."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request"}
    header |= {"session": "bench", "username": "", "date": "", "version": "5.3"}
    content = {"code": source, "silent": False, "allow_stdin": False}
    request = {"header": header, "content": content, "channel": "shell"}
    request |= {"parent_header": {}, "metadata": {}}
    await channels.write_message(json.dumps(request))
    waiting = {"execute_reply", "idle"}
    while waiting:
        text = await channels.read_message()
        if text is None:
            raise LessonError("the connection to the kernel was closed")
        if isinstance(text, bytes):
            continue  # a widget's picture
        message = json.loads(text)
        content = message["content"]
        if content.get("execution_state") in ("restarting", "dead"):
            raise LessonError(f"the kernel died in {source.splitlines()[0]!r}")
        if message["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if content.get("status") == "error":
            raise LessonError(f"{content['ename']} in {source.splitlines()[0]!r}")
        waiting -= {message["msg_type"], content.get("execution_state")}


async def take_part(learner, lesson, start):
    """Do the whole lesson; `start` is when all of them began."""
    await get_server(learner)
    learner.served = time.monotonic() - start
    sources, channels = await open_lesson(learner, lesson)
    for number, source in enumerate(sources, start=1):
        sent = time.monotonic()
        await run_cell(channels, source)
        name = f"code cell {number}, {source.splitlines()[0]}"
        learner.cells.append((time.monotonic() - sent, name))
    channels.close()


async def leave(learner):
    """Stop the server, if there is one."""
    if learner.served:
        url = f"/hub/api/users/{learner.name}/server"
        headers = {"X-XSRFToken": learner.xsrf("/hub/")}
        (await learner.client.delete(url, headers=headers)).raise_for_status()
    await learner.client.aclose()


async def attempt(learner, task):
    """Whatever goes wrong for one learner does not stop the others."""
    try:
        await task
    except Exception as error:
        learner.error = learner.error or f"{type(error).__name__}: {error}"


async def attend(learners, folder, lesson):
    """Let all take part at once; return the memory they need at the end."""
    start = time.monotonic()
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(
            *(attempt(a, take_part(a, lesson, start)) for a in learners)
        )
        used = memory(folder)
        await asyncio.gather(*(attempt(a, leave(a)) for a in learners))
    return used


def percentile(values, percent):
    """Return the smallest value that `percent` of all values do not exceed."""
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def cells_table(learners):
    """All code cells, then without the first; then the slowest by name."""
    first = [learner.cells[0] for learner in learners if learner.cells]
    later = [cell for learner in learners for cell in learner.cells[1:]]
    yield f"{'seconds a cell':24}{'p50':>8}{'p95':>8}{'max':>8}"
    for label, cells in {"all": first + later, "without the first": later}.items():
        if cells:
            times = [seconds for seconds, _ in cells]
            columns = [percentile(times, 50), percentile(times, 95), max(times)]
            yield f"{label:24}" + "".join(f"{value:8.2f}" for value in columns)
            yield f"{'  the slowest':26}{max(cells)[1]}"


def memory_table(measure, found):
    """Mean and largest of each kind of process that was there."""
    yield f"{'memory, MB (' + measure + ')':24}{'mean':>8}{'max':>8}{'number':>8}"
    for kind, sizes in found.items():
        if sizes:
            mean, largest = statistics.mean(sizes), max(sizes)
            yield f"{kind:24}{mean:8.0f}{largest:8.0f}{len(sizes):8}"


def class_table(learners, used, seconds):
    """Who got through and when; then cells, memory, and each failure."""
    finished = [learner for learner in learners if not learner.error]
    served = [learner.served for learner in learners if learner.served]
    away = [learner.turned_away for learner in learners if learner.turned_away]
    total = len(learners)
    yield f"{'finished':24}{len(finished)} of {total}"
    yield f"{'got a server':24}{len(served)} of {total}"
    most = f", up to {max(away)} times" if away else ""
    yield f"{'told to try again':24}{len(away)} of {total}{most}"
    if served:
        yield f"{'seconds to the last one':24}{max(served):.0f}"
    yield f"{'seconds, all in all':24}{seconds:.0f}\n"
    yield from cells_table(learners)
    yield ""
    yield from memory_table(*used)
    for learner in learners:
        if learner.error:
            yield f"{learner.name} failed: {learner.error}"


def measure(names, lesson, settings):
    """Return the learners, what memory they needed, and the seconds of it all."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder).resolve()
        for name in names:
            (folder / name).mkdir()
            shutil.copy(NOTEBOOKS / lesson, folder / name)
        with jupyterhub(folder, settings) as address:
            learners = [Learner(name, browser(address)) for name in names]
            used = asyncio.run(attend(learners, folder, lesson))
    return learners, used, time.monotonic() - start


def main(args):
    reason = missing() or install_proxy()
    if reason:
        print(f"A class on one server: not measured. {reason}")
        return 0
    names = [f"learner{number:02}" for number in range(1, args.learners + 1)]
    settings = {} if args.defaults else SETTINGS
    try:
        learners, used, seconds = measure(names, args.lesson, settings)
    except TimeoutError:
        sys.exit(f"The learners were not done after {DEADLINE} seconds; all is ended.")
    shown = ", ".join(f"{name} = {value}" for name, value in settings.items())
    print(f"{args.lesson}, {os.cpu_count()} cores, all at once")
    print(shown or "JupyterHub's own settings", end="\n\n")
    print("\n".join(class_table(learners, used, seconds)))
    return int(any(learner.error for learner in learners))


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learners", type=int, default=10)
    parser.add_argument("--lesson", default="01_logits_to_probabilities.ipynb")
    parser.add_argument("--defaults", action="store_true", help="JupyterHub's settings")
    return parser.parse_args()


if __name__ == "__main__":
    for ending in ("SIGTERM", "SIGHUP"):  # as Ctrl-C: what we started must end too
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), signal.default_int_handler)
    try:
        sys.exit(main(options()))
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing is left running.")
