"""Where a stranger's code may run, and how much of the machine it may use.

On Linux with bubblewrap (https://github.com/containers/bubblewrap) a kernel sees
no network, no other process, a file system that it cannot write to except for its
own throw-away folder, and neither the course nor anybody's home. Without
bubblewrap it runs as the user who grades: the throw-away folder then limits what
happens by accident, and stops nobody who means harm.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import psutil
from jupyter_client.manager import AsyncKernelManager
from traitlets import List, Unicode

MARK = "SOFTMAX_LAB_GRADING"  # in the environment of all that a submission starts
PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC")
SCRATCH = 50_000_000  # bytes in each of the folders that are empty within the walls
TICK = 0.25  # seconds between two looks at a running submission


@cache
def available():
    """Can this machine make a sandbox? Found out by making one."""
    if not shutil.which("bwrap"):
        return False
    trial = subprocess.run([*walls("/"), "true"], capture_output=True)
    return trial.returncode == 0


def walls(root, hidden=()):
    """Return the command that runs what follows it within walls around `root`.

    Empty folders stand where it may not look; /run holds sockets of other programs.
    """
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/"]
    command += ["--dev", "/dev", "--proc", "/proc"]
    private = ["/dev/shm", "/run", "/tmp", "/var/tmp", tempfile.gettempdir()]
    for folder in [*private, str(Path.home()), *hidden]:
        if os.path.isdir(folder):
            command += ["--size", str(SCRATCH), "--tmpfs", os.path.realpath(folder)]
    for folder in {sys.base_prefix, sys.prefix}:  # Python may be in somebody's home
        command += ["--ro-bind", folder, folder]
    return command if root == "/" else [*command, "--bind", root, root]


class SandboxedKernel(AsyncKernelManager):
    """A kernel that runs within the walls, if there can be any."""

    folder = Unicode(help="the throw-away folder of this submission")
    hidden = List(Unicode(), help="folders that are not to be seen")

    def format_kernel_cmd(self, extra_arguments=None):
        command = super().format_kernel_cmd(extra_arguments)
        if not available():
            return command
        # within the walls its parent has number 1, which it takes for an orphan's
        command.append("--IPKernelApp.parent_handle=0")
        return [*walls(self.folder, self.hidden), *command]

    async def _async_pre_start_kernel(self, **options):
        os.makedirs(f"{self.folder}/home", exist_ok=True)
        self.connection_file = f"{self.folder}/kernel.json"
        if available():  # no network: talk through files
            self.transport, self.ip = "ipc", f"{self.folder}/k"
            self.kernel_spec.interrupt_mode = "message"
        options["env"] = environment(self.folder)
        # what bypasses Python's own output would go to the instructor's terminal
        options["stdout"] = options["stderr"] = subprocess.DEVNULL
        return await super()._async_pre_start_kernel(**options)


def environment(folder):
    """Return what a submission may know of the machine: no name, no key."""
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    places = ["HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR"]
    env.update(dict.fromkeys(places, f"{folder}/home"), **{MARK: folder})
    env.update(PYTHONDONTWRITEBYTECODE="1", JUPYTER_RUNTIME_DIR=folder)
    env.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # one core a student
    return env


class Watch(threading.Thread):
    """Ends a submission that takes too much; `reason` then says of what.

    seconds    for the whole notebook
    memory     bytes, all its processes together
    processes  at most, the kernel itself included
    disk       bytes in its folder
    """

    def __init__(self, folder, seconds, memory, processes=32, disk=500_000_000):
        super().__init__(daemon=True)
        self.folder, self.reason = folder, ""
        self.seconds, self.memory, self.processes = seconds, memory, processes
        self.disk = disk
        self.over = threading.Event()
        self.kernel = None

    def run(self):
        deadline = time.monotonic() + self.seconds
        while not self.over.wait(TICK):
            family = self.family()
            if time.monotonic() > deadline:
                self.reason = f"it ran for more than {self.seconds:g} seconds"
            elif len(family) > self.processes:
                self.reason = f"it started more than {self.processes} processes"
            elif memory_of(family) > self.memory:
                self.reason = f"it used more than {self.memory / 1e9:g} GB of memory"
            elif not fits(self.folder, self.disk):
                self.reason = f"it wrote more than {self.disk / 1e9:g} GB"
            if self.reason:
                end(family)

    def family(self):
        """The kernel and all processes that descend from it, as far as known."""
        try:
            return [self.kernel, *self.kernel.children(recursive=True)]
        except (AttributeError, psutil.Error):
            return []

    def stop(self):
        """End the watch, and whatever the submission has left running."""
        self.over.set()
        if self.is_alive():
            self.join()
        end(self.family())
        end(left_behind(self.folder))


def memory_of(family):
    total = 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.Error:  # it has ended, or is somebody else's
            continue
    return total


def fits(folder, limit, count=20_000):
    """Does what is in a folder keep to so many bytes, and so many files?"""
    for place, _, names in os.walk(folder):
        for name in names:
            count -= 1
            try:
                limit -= os.lstat(os.path.join(place, name)).st_size
            except OSError:  # removed this moment
                continue
            if limit < 0 or count < 0:
                return False
    return True


def left_behind(folder):
    """Return processes that cut the tie to their parent but kept the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == folder:
                found.append(process)
        except (psutil.Error, OSError):  # it has ended, or is somebody else's
            continue
    return found


def end(family):
    for process in family:
        try:
            process.kill()
        except psutil.Error:
            continue
    psutil.wait_procs(family, timeout=5)
