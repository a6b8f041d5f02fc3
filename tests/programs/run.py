#!/usr/bin/env python3
"""Runs real programs with and without a preloaded malloc and compares what they print and make.

    run.py --library libptmalloc.so --work FOLDER NAME     one program; status 77: it is not here
    run.py --library libptmalloc.so --work FOLDER --table  every program, long, as a table

A program is a script in scripts/. It runs in an empty folder, prints whatever has to be equal, and
reads SCALE, `short` or `long`. Its line `# needs: A B` names the commands it cannot do without.
"""

import argparse
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
TIMEOUT_S = {"short": 100, "long": 3000}


class Run:
    """One run of a script: what it printed, how it ended and what it took."""

    def __init__(self, script, work, library, scale):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(work), "LANG": "C.UTF-8",
            "SCALE": scale, "SOURCES": str(HERE.parent.parent), "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1", "SOURCE_DATE_EPOCH": "0"}
        if library:
            environment["LD_PRELOAD"] = str(library)
        with open(work.parent / f"{work.name}.out", "w+b") as output:
            process = subprocess.Popen(["/bin/bash", "-eu", "-o", "pipefail", script], cwd=work,
                                       env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       preexec_fn=take_interrupts)
            self.status, usage = wait(process, TIMEOUT_S[scale])
            output.seek(0)
            self.output = output.read().decode(errors="replace")
        self.seconds = usage.ru_utime + usage.ru_stime
        self.peak_kb = usage.ru_maxrss
        self.faults = usage.ru_minflt + usage.ru_majflt


def take_interrupts():
    """A job in the background may have been started with SIGINT ignored; tests of it would fail."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait(process, timeout_s):
    """The status and the resources of a process and all it waited for; it is killed when late."""
    late = time.monotonic() + timeout_s
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid != 0:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.monotonic() > late:
            os.killpg(process.pid, 9)
            late = float("inf")
        time.sleep(0.002)


def missing(script):
    """The commands a script needs that are not here."""
    for line in script.read_text().splitlines():
        if line.startswith("# needs:"):
            return [name for name in line.split(":")[1].split() if shutil.which(name) is None]
    return []


def first_difference(theirs, ours):
    pairs = enumerate(zip(theirs.splitlines() + [""], ours.splitlines() + [""]), 1)
    for number, (their_line, our_line) in pairs:
        if their_line != our_line:
            return f"line {number}: expected {their_line!r}, got {our_line!r}"
    return f"{len(theirs.splitlines())} lines expected, got {len(ours.splitlines())}"


def compare(name, theirs, ours):
    """Says what differs; True when nothing does and the program came to its end."""
    if theirs.status != 0:
        print(f"{name}: fails under glibc itself, status {theirs.status}:\n{theirs.output[-2000:]}")
        return False
    if ours.status != 0:
        print(f"{name}: status {ours.status}, the end of its output:\n{ours.output[-2000:]}")
        return False
    if theirs.output != ours.output:
        print(f"{name}: {first_difference(theirs.output, ours.output)}")
        return False
    return True


def check(script, work, library):
    name = script.stem
    if absent := missing(script):
        print(f"{name}: skipped, not installed: {' '.join(absent)}")
        return SKIPPED
    theirs = Run(script, work / name, None, "short")
    if theirs.status == SKIPPED:
        print(f"{name}: skipped, {theirs.output.strip()}")
        return SKIPPED
    ours = Run(script, work / name, library, "short")
    shutil.rmtree(work / name, ignore_errors=True)
    return 0 if compare(name, theirs, ours) else 1


def row(name, theirs, ours):
    cells = []
    for value, form in ((lambda run: run.seconds, "{:.2f}"),
                        (lambda run: run.peak_kb / 1024, "{:.1f}"),
                        (lambda run: run.faults, "{:,.0f}")):
        cells += [form.format(statistics.median(value(run) for run in runs))
                  for runs in (theirs, ours)]
    return "| " + " | ".join([name, *cells]) + " |"


def table(scripts, work, library, repeats, scale):
    print("| program | CPU s, glibc | ptmalloc | peak MiB, glibc | ptmalloc | faults, glibc "
          "| ptmalloc |\n|---|--:|--:|--:|--:|--:|--:|")
    failed = 0
    for script in scripts:
        name = script.stem
        if absent := missing(script):
            print(f"{name}: skipped, not installed: {' '.join(absent)}", file=sys.stderr)
            continue
        theirs, ours = [], []
        for _ in range(repeats):  # interleaved, so that both see the same machine
            theirs.append(Run(script, work / name, None, scale))
            ours.append(Run(script, work / name, library, scale))
        shutil.rmtree(work / name, ignore_errors=True)
        if theirs[0].status == SKIPPED:
            print(f"{name}: skipped, {theirs[0].output.strip()}", file=sys.stderr)
            continue
        equal = all(compare(name, their, our) for their, our in zip(theirs, ours))
        failed += not equal
        if equal:
            print(row(name, theirs, ours), flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--scale", choices=("short", "long"), default="long")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    names = arguments.names or sorted(path.stem for path in (HERE / "scripts").glob("*.sh"))
    scripts = [HERE / "scripts" / f"{name}.sh" for name in names]
    for script in scripts:
        if not script.exists():
            parser.error(f"there is no program {script.stem} in {script.parent}")
    library = arguments.library.resolve(strict=True)
    work = arguments.work.resolve()
    if arguments.table:
        return table(scripts, work, library, arguments.repeats, arguments.scale)
    return max(check(script, work, library) for script in scripts)


if __name__ == "__main__":
    sys.exit(main())
