#!/usr/bin/env python3
"""Measures what `faultline compare` takes beside the runs themselves: the same runs bare, and the whole
command, in turns.

    compare_overhead.py [--faultline FILE] [--allocators A,B|all] [--runs N] [--turns N] -- PROGRAM ARG...

Bare are the warm-up and the counted runs of each allocator, with the same preload, input and output, started
one after another by this script. Every turn makes one ratio of wall times; the median is printed, with
the quarters around it. `user+sys`: of faultline itself, without the programs. `a fault`: what the programs
take longer while they are watched, over their faults.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--faultline", default=str(HERE.parent / "build/release/bin/faultline"))
    parser.add_argument("--allocators", default="all")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("program", nargs="+", metavar="PROGRAM ARG...")
    return parser.parse_args()


def comparison(options, runs):
    """Seconds the command took, its own seconds of processor time, and what it found."""
    with tempfile.NamedTemporaryFile() as report:
        command = [options.faultline, "compare", "--allocators", options.allocators, "--runs", str(runs),
                   "--format", "json", "-o", report.name, "--", *options.program]
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"compare_overhead.py: faultline ended with status {process.returncode}")
        found = json.loads(pathlib.Path(report.name).read_text())
    programs = sum(a[kind]["median"] for a in found["allocators"] for kind in ("user_s", "sys_s"))
    return wall, usage.ru_utime + usage.ru_stime - programs * (runs + 1), found


def bare(options, libraries):
    """Seconds that the runs take, one after another."""
    begin = time.perf_counter()
    for _ in range(options.runs + 1):
        for library in libraries:
            preload = ":".join(filter(None, [library, os.environ.get("LD_PRELOAD")]))
            environment = os.environ | ({"LD_PRELOAD": preload} if preload else {})
            process = os.posix_spawnp(options.program[0], options.program, environment, file_actions=[
                (os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)])
            os.waitpid(process, 0)
    return time.perf_counter() - begin


def watched(found, runs):
    """Seconds that the programs themselves took in a comparison, and their faults."""
    each = found["allocators"]
    return (sum(a["wall_s"]["median"] for a in each) * (runs + 1),
            sum(a["minor"]["median"] + a["major"]["median"] for a in each) * (runs + 1))


def spread(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:8.3f}  ({low:.3f} - {high:.3f})"


def main():
    options = arguments()
    _, _, first = comparison(options, 1)
    libraries = [a["library"] for a in first["allocators"]]
    whole, own, programs, alone, by_fault = [], [], [], [], []
    for turn in range(options.turns):
        times = {}
        for what in (("bare", "compare"), ("compare", "bare"))[turn % 2]:
            times[what] = bare(options, libraries) if what == "bare" else comparison(options, options.runs)
        wall, processor, found = times["compare"]
        seconds, faults = watched(found, options.runs)
        alone.append(times["bare"])
        whole.append(wall / times["bare"])
        programs.append(seconds / times["bare"])
        own.append(processor / times["bare"])
        by_fault.append((seconds - times["bare"]) / faults * 1e6)
    runs = (options.runs + 1) * len(libraries)
    print(f"{runs} runs bare, s:              {spread(alone)}; {statistics.median(alone) / runs * 1e3:.1f} ms a run, "
          f"{faults / runs:,.0f} faults")
    print(f"compare, of bare:           {spread(whole)}")
    print(f"  its programs, of bare:    {spread(programs)}")
    print(f"  user+sys of faultline:    {spread(own)}")
    print(f"longer a fault, us:         {spread(by_fault)}")


main()
