"""Writes tests/fixtures/handoff/: what torchrun made of a handoff, on two CPU processes (gloo).

Run by hand, never by the tests:   python tests/oracle/handoff_torchrun.py
Needs deno and the packages of a handoff's requirements.txt. The training is stopped (SIGKILL) after
its first checkpoint and started again, so that the fixture also shows that it goes on.
inputs.json holds the hashes of the files that were read: a test compares them with today's.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "fixtures" / "handoff"


def torchrun(folder: pathlib.Path) -> subprocess.Popen:
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*program, "train.py", "--cpu"], cwd=folder, env=environment)


def kill(process: subprocess.Popen) -> None:
    """The launcher first, lest it react; then its two workers, which would live on."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2, children
    for pid in [process.pid, *map(int, children)]:
        os.kill(pid, signal.SIGKILL)
    process.wait()


def main() -> None:
    with tempfile.TemporaryDirectory() as root:
        script = ROOT / "train" / "tiny_handoff.ts"
        printed = subprocess.run(["deno", "run", "-A", script, root], check=True, capture_output=True, text=True)
        folder = pathlib.Path(printed.stdout.strip())
        first = torchrun(folder)
        while not (folder / "output" / "last" / "trainer.pt").exists():
            time.sleep(0.01)
        kill(first)
        print("stopped; going on")
        assert torchrun(folder).wait() == 0
        shutil.rmtree(OUT, ignore_errors=True)
        shutil.copytree(folder / "output", OUT / "output", ignore=shutil.ignore_patterns("*.pt", "generation_config.json"))
        shutil.copy(folder / "inputs.json", OUT)


main()
