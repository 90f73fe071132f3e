"""Drives a fresh server with requests made of its own OpenAPI document: `run.py CASES SEED…`.

Each seed is a test: at least so many cases, and no server error, no answer that is not as the document has it, none that ignores whether
there is a key. Ends with their number as `cargo test` would tell it."""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python-sdk"))

from server import Server  # noqa: E402

PROGRAM = Path(sys.executable).with_name("st")
MADE = re.compile(r"(\d+) generated")


def run(server, seed, examples, phases):
    """One run. How many cases there were, and whether all was well."""
    api = server.facts["apiUrl"]
    environment = dict(os.environ, FUZZ_API=api, FUZZ_KEY=server.facts["apiKey"], SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE))
    command = [PROGRAM, "--no-color", "--config-file", HERE / "schemathesis.toml", "run", f"{api}/openapi.json"]
    command += ["--auth", f"{server.facts['apiKey']}:", "--seed", str(seed), "--max-examples", str(examples)]
    command += ["--phases", phases, "--generation-database", "none"]
    # It leaves what it remembers in the folder that it runs in, and a server is new each time.
    with tempfile.TemporaryDirectory(prefix="handclasp-schemathesis-") as folder:
        done = subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout, flush=True)
    made = MADE.search(done.stdout)
    return int(made[1]) if made else 0, done.returncode == 0


def fuzz(seed, cases):
    """A server, and as many runs as it takes to have so many cases."""
    server = Server()
    try:
        with urllib.request.urlopen(f"{server.facts['apiUrl']}/openapi.json") as document:
            operations = sum(len(item) for item in json.load(document)["paths"].values())
        made, well = run(server, seed, max(cases // operations, 1), "examples,coverage,fuzzing,stateful")
        # Operations that take nothing have few cases; the others make up for them.
        while well and made < cases:
            seed += 1_000
            more, well = run(server, seed, cases // operations, "fuzzing")
            well = well and more > 0
            made += more
    finally:
        server.stop()
    print(f"seed {seed % 1_000}: {made} cases, {'all well' if well else 'not all well'}", flush=True)
    return well


cases, seeds = int(sys.argv[1]), [int(seed) for seed in sys.argv[2:]]
results = [fuzz(seed, cases) for seed in seeds]
failed = results.count(False)
print(f"test result: {'FAILED' if failed else 'ok'}. {results.count(True)} passed; {failed} failed; 0 ignored", flush=True)
sys.exit(1 if failed else 0)
