"""Runs each fuzzer's seeds once, without a fuzzer; speaks TAP: replay.py PROGRAM...

A program is the replaying build of fuzz_NAME.c; its seeds come from seeds_NAME.py beside this file.
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def replay(program):
    """The name of the fuzzer of PROGRAM, how many seeds were run, and what is wrong or ""."""
    name = pathlib.Path(program).name.removeprefix("replay_")
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([sys.executable, "-B", HERE / f"seeds_{name}.py", folder], capture_output=True, text=True)
        if made.returncode != 0:
            return name, 0, made.stderr
        done = subprocess.run([program, folder], capture_output=True, text=True, errors="replace", timeout=120)
        if done.returncode != 0:
            return name, 0, done.stderr
        count = int(done.stdout)
        return name, count, "" if count > 0 else "there are no seeds"


def main(programs):
    print(f"1..{len(programs)}")
    failed = 0
    for number, program in enumerate(programs, 1):
        name, count, wrong = replay(program)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}: {count} seeds", flush=True)
        for line in wrong.splitlines()[-40:]:
            print(f"# {line}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
