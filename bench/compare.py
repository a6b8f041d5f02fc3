#!/usr/bin/env python3
"""Runs programs under every allocator, interleaved, and prints what each cost as a ratio to glibc.

    compare.py --allocator NAME=LIBRARY ... [--runs N] [--only PATTERN] [--json FILE]
    compare.py --knobs LIBFAULTLINE [--runs N] [--only PATTERN] [--json FILE]

The programs are the workloads of `workload --list`; with --programs also the real ones of tests/programs; with
--command NAME=COMMAND, a shell's command line, those alone. With --knobs the rivals are libfaultline.so itself
with one part of its policy after the other switched off, as ratios to all of it. A run's wall, user and system
time, peak RSS and minor faults are the kernel's, of the process and all it waited for (wait4(2), by `charge`).
The medians over the runs are compared.
"""

import argparse
import dataclasses
import fnmatch
import json
import math
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PEER = "glibc"
FIGURES = {  # what is measured: its heading, and the least value that a ratio is made of
    "time": ("wall s", 1e-3), "cpu": ("user+sys s", 1e-3), "user": ("user s", 1e-3),
    "sys": ("sys s", 1e-3), "rss": ("peak KiB", 1), "faults": ("minor faults", 1)}
COMPARED = ("time", "cpu", "rss", "faults")
WHOLE = "faultline"
KNOBS = {  # a part of the policy, and what switches it off
    "no huge pages": {"FAULTLINE_HUGE": "0"}, "no lists": {"FAULTLINE_LISTS": "0"},
    "no merging of what is kept": {"FAULTLINE_DEPOT": "1"},
    "no retention": {"FAULTLINE_RETAIN": "0"}, "no idle thread": {"FAULTLINE_IDLE": "0"}, "8 arenas a processor": {"MALLOC_ARENA_MAX": "16"},
    "mappings from 128 KiB": {"GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=131072"}}


@dataclasses.dataclass
class Allocator:
    library: str  # "": glibc's own
    settings: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Program:
    """A command that is run in an empty folder, the same for each run since programs print its name,
    and has to print the same under every allocator."""
    name: str
    command: list
    settings: dict = dataclasses.field(default_factory=dict)

    def run(self, charge, allocator, folder):
        """Runs it under `allocator` by way of the binary `charge`, in `folder`, which is made."""
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
                       **self.settings, **allocator.settings}
        folder.mkdir()
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as report:
            subprocess.run([charge, str(report.fileno()), allocator.library, *self.command], check=True,
                           cwd=folder, env=environment | {"HOME": str(folder)}, stdout=output,
                           stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           pass_fds=[report.fileno()])
            shutil.rmtree(folder)
            return Run(contents(output), *contents(report).decode().split())


class Run:
    """What one run printed, how it ended and what it took."""

    def __init__(self, output, status, wall, user, system, rss, faults):
        self.output, self.status = output, int(status)
        self.figures = {
            "time": int(wall) / 1e6, "user": int(user) / 1e6, "sys": int(system) / 1e6,
            "cpu": (int(user) + int(system)) / 1e6, "rss": int(rss), "faults": int(faults)}


def contents(file):
    file.seek(0)
    return file.read()


def workloads(binary):
    listing = subprocess.run([binary, "--list"], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        name, threads, _ = line.split("\t")
        for count in threads.split(","):
            yield Program(f"{name}/{count}", [str(binary), name, count])


def commands(pairs):
    return [Program(name, ["/bin/bash", "-eu", "-o", "pipefail", "-c", command])
            for name, command in pairs]


def real_programs():
    scripts = HERE.parent / "tests" / "programs" / "scripts"
    for script in sorted(scripts.glob("*.sh")):
        if all(shutil.which(name) for name in needs_of(script)):
            yield Program(script.stem, ["/bin/bash", "-eu", "-o", "pipefail", str(script)], {
                "SCALE": "short", "SOURCES": str(HERE.parent), "PYTHONHASHSEED": "0",
                "PYTHONDONTWRITEBYTECODE": "1", "SOURCE_DATE_EPOCH": "0"})


def needs_of(script):
    lines = script.read_text().splitlines()
    return [name for line in lines if line.startswith("# needs:") for name in line[8:].split()]


def measure(charge, programs, allocators, peer, runs, folder):
    """{program: {allocator: {figure: median}}}; an allocator that fails a program has no figures."""
    results = {}
    for number, program in enumerate(programs, 1):
        print(f"\r\x1b[K{number}/{len(programs)} {program.name}", end="", file=sys.stderr)
        taken = {name: [] for name in allocators}
        for number_of_run in range(runs):
            for name in shuffled(allocators, number_of_run):
                taken[name].append(program.run(charge, allocators[name], folder))
        expected = taken[peer][0].output
        results[program.name] = {
            name: medians(program.name, name, expected, taken[name]) for name in allocators}
    print("\r\x1b[K", end="", file=sys.stderr)
    return results


def shuffled(names, seed):
    """Each round has an order of its own: a run pays for the huge pages that the kernel has to make of
    what the run before it left."""
    return random.Random(seed).sample(list(names), len(names))


def medians(program, allocator, expected, runs):
    bad = next((r for r in runs if r.status != 0 or r.output != expected), None)
    if bad is not None:
        print(f"\r\x1b[K{program} under {allocator}: status {bad.status}, or other output than "
              "under the first: left out", file=sys.stderr)
        return None
    return {f: statistics.median(r.figures[f] for r in runs) for f in FIGURES}


def ratio(figure, ours, theirs):
    least = FIGURES[figure][1]
    return max(ours[figure], least) / max(theirs[figure], least)


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values))) if values else math.nan


def means(results, allocator, peer):
    """The geometric means over the programs that both the allocator and its peer finished."""
    both = [r for r in results.values() if r[allocator] and r[peer]]
    return {f: geometric_mean([ratio(f, r[allocator], r[peer]) for r in both]) for f in COMPARED}


def print_tables(results, allocators, peer):
    for figure in COMPARED:
        print(f"\n| {FIGURES[figure][0]}, ratio | {peer} | " +
              " | ".join(n for n in allocators if n != peer) + " |")
        print("|---" + "|--:" * len(allocators) + "|")
        for program, row in results.items():
            base = row[peer]
            cells = ["-" if row[n] is None or base is None else f"{ratio(figure, row[n], base):.2f}"
                     for n in allocators if n != peer]
            first = "-" if base is None else f"{base[figure]:,.6g}"
            print(f"| {program} | {first} | " + " | ".join(cells) + " |")
    print(f"\n| geometric mean of {len(results)} | " +
          " | ".join(FIGURES[f][0] for f in COMPARED) + " |\n|---" + "|--:" * len(COMPARED) + "|")
    for name in allocators:
        mean = means(results, name, peer)
        print(f"| {name} | " + " | ".join(f"{mean[f]:.3f}" for f in COMPARED) + " |")


def named(text):
    """("NAME", "VALUE") of "NAME=VALUE"."""
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f'"{text}" has no name: write NAME={value or text}')
    return name, value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release",
                        help="the build tree with the workloads")
    parser.add_argument("--allocator", type=named, action="append", default=[], metavar="NAME=LIBRARY")
    parser.add_argument("--knobs", metavar="LIBFAULTLINE",
                        help="what each part of this library's policy wins and costs")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="*", help="a pattern of programs' names")
    parser.add_argument("--programs", action="store_true", help="the real programs too")
    parser.add_argument("--command", type=named, action="append", default=[], metavar="NAME=COMMAND",
                        help="a command line to run in place of the workloads")
    parser.add_argument("--json", type=pathlib.Path)
    return parser.parse_args()


def rivals(options):
    """The allocators by name, the one that the others are compared with first."""
    if options.knobs:
        library = found(WHOLE, options.knobs)
        return {WHOLE: Allocator(library)} | {
            name: Allocator(library, settings) for name, settings in KNOBS.items()}
    return {PEER: Allocator("")} | {
        name: Allocator(found(name, path)) for name, path in options.allocator}


def found(name, library):
    """The whole path, since the programs run in folders of their own."""
    if not pathlib.Path(library).is_file():
        sys.exit(f"compare.py: {name}'s library {library} does not exist")
    return str(pathlib.Path(library).resolve())


def main():
    options = arguments()
    allocators = rivals(options)
    peer = next(iter(allocators))
    binaries = options.build.resolve() / "bench"
    if not (binaries / "workload").exists():
        sys.exit(f"compare.py: {binaries} holds no workload; "
                 "run: cmake --preset release && cmake --build --preset release")
    programs = commands(options.command) or list(workloads(binaries / "workload"))
    if options.programs:
        programs += real_programs()
    programs = [p for p in programs if fnmatch.fnmatch(p.name, options.only)]
    if not programs:
        sys.exit(f"compare.py: no program's name is like {options.only}")
    with tempfile.TemporaryDirectory() as place:
        results = measure(binaries / "charge", programs, allocators, peer, options.runs,
                          pathlib.Path(place) / "run")
    if options.json:
        options.json.write_text(json.dumps({
            "allocators": {name: vars(allocator) for name, allocator in allocators.items()},
            "runs": options.runs, "programs": results,
            "means": {name: means(results, name, peer) for name in allocators}}, indent=1) + "\n")
    print_tables(results, allocators, peer)


if __name__ == "__main__":
    main()
