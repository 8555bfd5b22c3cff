"""Build the Solana program: `python tools/build_program.py` writes stock.so and stock.json into the package.

`--check` builds and compares with what is there, byte for byte; `--out FILE` writes the program there alone; `--format v0`
writes the older program format. The compiler is fetched first where it is not there (Debian, no root needed).
"""

import argparse
import json
import sys
from pathlib import Path

from sbf.build import BUILT, FORMAT, RECORD, STOCK, BuildFailed, build, record
from sbf.compiler import NoCompiler, obtain
from sbf.link import FORMATS


def main(arguments: list[str]) -> int:
    """The command line; 1 when the program cannot be built or is another."""
    parser = argparse.ArgumentParser(description="Build the Solana program.")
    parser.add_argument("--check", action="store_true", help="compare with the built program instead of writing it")
    parser.add_argument("--out", type=Path, help="write the program to this file and nothing else")
    parser.add_argument("--format", choices=FORMATS, default=FORMAT, help="program format")
    parser.add_argument("--source", type=Path, default=STOCK, help="folder of the crate")
    chosen = parser.parse_args(arguments)
    try:
        compiler = obtain()
        program = build(compiler, chosen.source.resolve(), chosen.format)
    except (NoCompiler, BuildFailed) as failure:
        print(f"program: {failure}", file=sys.stderr)
        return 1
    written = record(program, compiler, chosen.format)
    print(f"{written['size']} bytes, SHA-256 {written['sha256']}, {compiler.says}")
    if chosen.check:
        if program != BUILT.read_bytes():
            print(f"program: {BUILT.name} in the package is another", file=sys.stderr)
            return 1
    elif chosen.out:
        chosen.out.write_bytes(program)
    else:
        BUILT.write_bytes(program)
        RECORD.write_text(json.dumps(written, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
