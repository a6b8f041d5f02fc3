#!/usr/bin/env python3
"""Writes a long script of malloc, calloc, realloc, free and touches, like a program's: most blocks are small
and die young, a few are large or live long.

long_script.py OPERATIONS [SEED]"""

import random
import sys

BLOCKS = 3000  # names, and so the most blocks at once


def size(chance):
    kind = chance.random()
    if kind < 0.60:
        return chance.choice([16, 24, 32, 40, 48, 64, 72, 96, 128])
    if kind < 0.90:
        return int(2 ** chance.uniform(4, 11))
    if kind < 0.995:
        return int(2 ** chance.uniform(10, 15))
    return int(2 ** chance.uniform(15, 19))


def young(chance, live):
    """The index of a block that was made not long ago, as a rule."""
    if chance.random() < 0.2:
        return chance.randrange(len(live))
    return max(0, len(live) - 1 - int(chance.expovariate(1 / 200)))


def lines(operations, seed):
    chance = random.Random(seed)
    live, spare = [], [f"p{i}" for i in range(BLOCKS)]
    for _ in range(operations):
        kind = chance.random()
        if not live or (kind < 0.42 and spare):
            live.append(spare.pop())
            verb = "calloc 1" if chance.random() < 0.1 else "malloc"
            yield f"{live[-1]} = {verb} {size(chance)}"
        elif kind < 0.80 or not spare:
            spare.append(live.pop(young(chance, live)))
            yield f"free {spare[-1]}"
        elif kind < 0.85:
            name = chance.choice(live)
            yield f"{name} = realloc {name} {size(chance)}"
        else:
            yield f"{'write' if kind < 0.95 else 'read'} {chance.choice(live[-200:])}"


if __name__ == "__main__":
    print("\n".join(lines(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)))
