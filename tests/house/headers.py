#!/usr/bin/env python3
"""headers.py ROOT WORK COMPILER FLAG...: fails where a header of ROOT does not compile as a file's first line.

A header may as well begin with any that it includes, in the end, if those compile alone too. So what
many of them include is compiled first, and alone, into a precompiled header in WORK, and each starts
from the longest of those that it includes.
"""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDERS = ("allocator", "pagesim", "tools", "bench")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])', re.MULTILINE)
SYSTEM_LENGTH = 100_000  # a guess: most are a few lines that include thousands
WORTH = 8  # compiling one ahead costs as much as this many compilations of it


def closures(headers):
    """{name: set of the names that it includes, in the end}; a name is "FILE" or <FILE>."""
    direct = {name: set(INCLUDE.findall(text)) for name, text in headers.items()}
    closure = {}

    def visit(name):
        if name not in closure:
            closure[name] = set()
            for include in direct.get(name, ()):
                closure[name] |= {include} | visit(include)
        return closure[name]

    for name in direct:
        visit(name)
    return closure


def choose_ahead(headers, closure):
    """The names worth compiling ahead, and for each header the longest of them that it includes."""
    alone = {name: len(text) for name, text in headers.items()}
    names = set(alone).union(*closure.values())
    length = {name: sum(alone.get(part, SYSTEM_LENGTH) for part in closure.get(name, set()) | {name})
              for name in names}
    start = dict.fromkeys(headers)

    def gain(name):
        return sum(max(0, length[name] - length.get(start[header], 0))
                   for header in headers if name in closure[header]) - WORTH * length[name]

    while gain(best := max(sorted(names), key=gain)) > 0:
        for header in headers:
            if best in closure[header] and length[best] > length.get(start[header], 0):
                start[header] = best
    return start


class Compiler:
    def __init__(self, root, work, command):
        self.root, self.work, self.command = root, work, command

    def ahead(self, name):
        return self.work / (name.strip('<>"').replace("/", "+") + ".h")

    def run(self, *arguments):
        done = subprocess.run([*self.command, f"-I{self.root}", *map(str, arguments)],
                              capture_output=True, text=True, check=False)
        sys.stderr.write(done.stderr)
        return done.returncode == 0

    def compile_ahead(self, name):
        self.ahead(name).write_text(f"#include {name}\n")
        return self.run("-x", "c++-header", self.ahead(name), "-o", f"{self.ahead(name)}.gch")

    def check(self, name, start):
        source = self.work / (name.strip('"').replace("/", "+") + ".cc")
        source.write_text(f"#include {name}\n")
        begin = ["-Winvalid-pch", "-include", self.ahead(start)] if start else []
        return self.run(*begin, "-fsyntax-only", source)


def main(root, work, *command):
    root, work = Path(root), Path(work)
    work.mkdir(parents=True, exist_ok=True)
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.h"))]
    headers = {f'"{path.relative_to(root)}"': path.read_text() for path in paths}
    start = choose_ahead(headers, closures(headers))
    compiler = Compiler(root, work, command)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if not all(pool.map(compiler.compile_ahead, set(filter(None, start.values())))):
            return 1
        good = list(pool.map(compiler.check, start.keys(), start.values()))
    print(f"{sum(good)} of {len(good)} headers compile alone")
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
