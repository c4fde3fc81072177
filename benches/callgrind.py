"""Runs a program that calls `counted`, and pairs each line that it prints with the instructions of that call."""

import pathlib
import subprocess
import sys
import tempfile


def fail(message):
    sys.exit(f"error: {message}")


def need(program, package):
    """`package` is Debian's."""
    if subprocess.run(["which", program], stdout=subprocess.DEVNULL).returncode != 0:
        fail(f"{program} is missing; on Debian: apt-get install {package}")


def counts(program, *arguments):
    """(line, instructions) of each call, what calling costs included."""
    need("valgrind", "valgrind")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                   "--toggle-collect=counted", "--dump-after=counted", program, *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        if run.returncode != 0:
            fail(f"{' '.join(map(str, command))} ended with {run.returncode}:\n{run.stderr}")
        lines = run.stdout.splitlines()
        dumps = [pathlib.Path(f"{out}.{i + 1}") for i in range(len(lines))]
        if not lines or not dumps[-1].exists() or pathlib.Path(f"{out}.{len(lines) + 1}").exists():
            fail(f"{len(lines)} lines, and not as many calls")
        return [(line, total(dump)) for line, dump in zip(lines, dumps)]


def total(dump):
    for line in dump.read_text().splitlines():
        if line.startswith("summary: "):
            return int(line.split()[1])
    fail(f"{dump} has no summary")
