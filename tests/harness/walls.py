"""A kernel without network that can write nothing, made with bubblewrap on Linux."""

import shutil
import subprocess
import tempfile
from functools import cache

import pytest
from jupyter_client.manager import AsyncKernelManager
from traitlets import Unicode

OFFLINE = ["bwrap", "--unshare-net", "--die-with-parent", "--dev-bind", "/", "/"]
READ_ONLY = ["--ro-bind", "/", "/", "--dev", "/dev"]


@cache
def available():
    """Whether this machine can make walls: found out by making some."""
    if not shutil.which("bwrap"):
        return False
    return (
        subprocess.run([*OFFLINE, *READ_ONLY, "true"], capture_output=True).returncode
        == 0
    )


walled = pytest.mark.skipif(
    not available(), reason="no bubblewrap here: neither offline nor read-only is tried"
)


class WalledKernel(AsyncKernelManager):
    """A kernel behind walls, if there can be any.

    It writes temporary files to `pipes` alone, and talks through files there.
    Matplotlib keeps its list of fonts there too: it would say that it cannot.
    """

    pipes = Unicode()

    def format_kernel_cmd(self, extra_arguments=None):
        command = super().format_kernel_cmd(extra_arguments)
        if not available():
            return command
        return [*OFFLINE, *READ_ONLY, "--bind", self.pipes, self.pipes, *command]

    async def _async_pre_start_kernel(self, **options):
        self.pipes = tempfile.mkdtemp()
        self.connection_file = f"{self.pipes}/kernel.json"
        if available():
            self.transport, self.ip = "ipc", f"{self.pipes}/k"
        places = dict.fromkeys(["TMPDIR", "MPLCONFIGDIR"], self.pipes)
        options["env"] = {**options["env"], **places}
        return await super()._async_pre_start_kernel(**options)

    async def _async_cleanup_resources(self, restart=False):
        await super()._async_cleanup_resources(restart)
        shutil.rmtree(self.pipes, ignore_errors=True)
