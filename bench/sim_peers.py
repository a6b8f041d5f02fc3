#!/usr/bin/env python3
"""The simulated machine beside tools that watch a program's accesses, in turns: accesses a second.

    sim_peers.py [--build TREE] [--rounds N]

The peers run a program of the same accesses (peers/accesses.c): valgrind's lackey writing each access
down, its cachegrind, and the emulator QEMU with a plug-in that counts accesses, where installed. What
starting costs is taken off: a run of no accesses. The medians over the rounds are printed.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
PATTERNS = {  # of accesses.c: sim_bench's name, and what it is
    "random": ("BM_RandomAccess/67108864", "reads at random"),
    "sequential": ("BM_SequentialAccess/67108864", "reads in order"),
    "touch": ("BM_FirstTouch/67108864", "first touches")}
TOUCHES = 50_000  # more would need more memory than the bench asks for elsewhere


def peers(binaries):
    """{name: (the command before the program, accesses that take it a second or so)}."""
    quiet = ["--log-file=/dev/null"]
    found = {"the program itself": ([], 20_000_000)}
    if shutil.which("valgrind"):
        found["lackey"] = (["valgrind", "--tool=lackey", "--trace-mem=yes", *quiet], 100_000)
        found["cachegrind"] = (["valgrind", "--tool=cachegrind", "--cache-sim=yes",
                                "--cachegrind-out-file=/dev/null", *quiet], 2_000_000)
    if shutil.which("qemu-x86_64"):
        plugin = binaries / "count_accesses.so"
        found["qemu with plug-in"] = (["qemu-x86_64", "-plugin", str(plugin)], 50_000_000)
    return found


def seconds(command):
    begin = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin


def rate_of_peer(program, before, pattern, accesses):
    if pattern == "touch":
        accesses = min(accesses, TOUCHES)
    bare, whole = (seconds([*before, program, pattern, str(n)]) for n in (0, accesses))
    return accesses / max(whole - bare, 1e-6)


def rates_of_simulator(binaries):
    """{pattern: accesses a second}"""
    names = "|".join(bench for bench, _ in PATTERNS.values())
    report = subprocess.run([binaries / "sim_bench", f"--benchmark_filter=^({names})$",
                             "--benchmark_format=json"], check=True, capture_output=True).stdout
    rates = {run["name"]: run["items_per_second"] for run in json.loads(report)["benchmarks"]}
    return {pattern: rates[bench] for pattern, (bench, _) in PATTERNS.items()}


def measure(binaries, rounds):
    """{name: {pattern: median accesses a second}}, the simulator first."""
    taken = {}
    for _ in range(rounds):
        for pattern, rate in rates_of_simulator(binaries).items():
            taken.setdefault("faultline", {}).setdefault(pattern, []).append(rate)
        for name, (before, accesses) in peers(binaries).items():
            for pattern in PATTERNS:
                rate = rate_of_peer(binaries / "accesses", before, pattern, accesses)
                taken.setdefault(name, {}).setdefault(pattern, []).append(rate)
    return {name: {pattern: statistics.median(rates) for pattern, rates in row.items()}
            for name, row in taken.items()}


def print_table(rates):
    print("| million a second | " + " | ".join(what for _, what in PATTERNS.values()) + " |")
    print("|---" + "|--:" * len(PATTERNS) + "|")
    ours = next(iter(rates.values()))
    for name, row in rates.items():
        cells = (f"{rate / 1e6:,.3g}" + ("" if row is ours else f" (faultline {ours[p] / rate:,.3g} times)")
                 for p, rate in row.items())
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print_table(measure(options.build.resolve() / "bench", options.rounds))


main()
