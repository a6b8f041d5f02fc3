#!/usr/bin/env python3
"""tidy_units.py BUILD_TREE OUT FOLDER...: what clang-tidy is to read of the targets in FOLDER...

Reading the headers costs far more than reading our files, so OUT gets one unit for each folder and
set of flags: a source that includes all of their files. A program's main file is a unit alone. What
is compiled several times with flags that mean the same to clang-tidy is read once. Writes
OUT/compile_commands.json and prints the units, the longest first.
"""
import json
import re
import sys
from pathlib import Path

# Flags that only GCC knows, that say how to compile and not what, and a name that no file asks for.
# What shadows what is seen file by file, so by the compiler.
IRRELEVANT = re.compile(
    r" (-fno-(store-merging|schedule-insns2?|tree-loop-im|move-loop-invariants|ipa-cp)"
    r"|-falign-(jumps|loops)=1|--param=[a-z-]+=[0-9]+|-Os|-fvisibility-inlines-hidden"
    r"|-D\w+_EXPORTS|-Wshadow)(?= )"
)
MAIN = re.compile(r"^(int main\(|BENCHMARK_MAIN)", re.MULTILINE)


def output_and_flags(command):
    """("tools/run/CMakeFiles/run.dir/runner.cc.o", "c++ -I...") of "c++ -I... -o OUTPUT -c FILE"."""
    flags, output = re.fullmatch(r"(.*) -o (\S+) -c \S+", command).groups()
    return output, IRRELEVANT.sub("", flags + " ").strip()


def files_of(source):
    """A source of ours, or those that a unity source includes."""
    if source.endswith("_cxx.cxx"):
        return re.findall(r'^#include "(.*)"$', Path(source).read_text(), re.MULTILINE)
    return [source] if source.endswith(".cc") and not source.endswith("_embedded.cc") else []


def units_of(commands, folders):
    """{(name, flags): [file...]}, each file once with the same flags."""
    units, seen = {}, set()
    for command in commands:
        output, flags = output_and_flags(command["command"])
        if not output.startswith(folders):
            continue
        for file in files_of(command["file"]):
            if (flags, file) not in seen:
                seen.add((flags, file))
                name = file if MAIN.search(Path(file).read_text()) else output.split("/CMakeFiles/")[0]
                units.setdefault((name, flags), []).append(file)
    return units


def main(build_tree, out, *folders):
    built = json.loads(Path(build_tree, "compile_commands.json").read_text())
    units = units_of(built, tuple(folder + "/" for folder in folders))
    commands, sizes = [], {}
    for number, ((name, flags), files) in enumerate(units.items()):
        unit = Path(out, f"{number}_{Path(name).stem}.cxx")
        unit.write_text("".join(f'#include "{file}"\n' for file in files))
        sizes[str(unit)] = sum(Path(file).stat().st_size for file in files)
        commands.append(
            {"directory": build_tree, "file": str(unit), "command": f"{flags} -c {unit}"})
    Path(out, "compile_commands.json").write_text(json.dumps(commands, indent=0))
    print(*sorted(sizes, key=sizes.get, reverse=True), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
