"""Prints each allocator's median CPU time on each loop and its ratio to the first one's."""
import json
import math
import pathlib
import statistics
import sys


def times_of(folder, name):
    """Nanoseconds by loop: the median over the rounds."""
    rounds = {}
    for path in sorted(folder.glob(f"{name}.*.json")):
        for run in json.loads(path.read_text())["benchmarks"]:
            rounds.setdefault(run["name"], []).append(run["cpu_time"])
    return {loop: statistics.median(times) for loop, times in rounds.items()}


def geometric_mean(values):
    return math.exp(statistics.fmean(map(math.log, values)))


def main():
    folder, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    times = {name: times_of(folder, name) for name in names}
    base = times[names[0]]
    print(f"{'ns a loop (ratio to ' + names[0] + ')':<28}" + "".join(f"{n:>18}" for n in names))
    for loop in base:
        cells = (f"{times[n][loop]:>11.1f} ({times[n][loop] / base[loop]:4.2f})" for n in names)
        print(f"{loop:<28}" + "".join(cells))
    for threads in sorted({loop.rsplit(":", 1)[1] for loop in base}, key=int):
        loops = [loop for loop in base if loop.endswith(f":{threads}")]
        means = (geometric_mean([times[n][loop] / base[loop] for loop in loops]) for n in names)
        print(f"{f'geometric mean, threads {threads}':<28}" +
              "".join(f"{mean:>18.2f}" for mean in means))


main()
