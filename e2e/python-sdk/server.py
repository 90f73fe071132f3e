"""The server under test: `handclasp demo` as anybody would start it, in a folder of its own."""

import json
import os
import secrets
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
BINARY = os.environ.get("HANDCLASP_BINARY", str(ROOT / "target/debug/handclasp"))
ENGINE = os.environ.get("HANDCLASP_E2E_ENGINE", "sqlite")
READY_WITHIN = 30
STOPPED_WITHIN = 15


class Server:
    """A running demo; `facts` has the fields of its JSON line."""

    def __init__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="handclasp-python-"))
        self._log = open(self._folder / "log", "w+b")
        # Names of the product are settings to the server, and not ours to pass on.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HANDCLASP_")}
        self._database = None
        if ENGINE == "postgres":
            self._database = f"python_{secrets.token_hex(6)}"
            _sql(f"CREATE DATABASE {self._database}")
            url = urlsplit(os.environ["HANDCLASP_TEST_POSTGRES"])
            environment["HANDCLASP_DATABASE_URL"] = urlunsplit(url._replace(path=f"/{self._database}"))
        command = [BINARY, "demo", "--listen", "127.0.0.1:0", "--json", "--data-dir", str(self._folder / "data")]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self._log)
        try:
            self.facts = json.loads(self._first_line())
        except BaseException:
            self._process.kill()
            self._clean()
            raise

    def _first_line(self):
        ready, _, _ = select.select([self._process.stdout], [], [], READY_WITHIN)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            raise AssertionError(f"the server did not get ready:\n{self.log()}")
        return line

    def log(self):
        """All that it wrote to standard error."""
        return (self._folder / "log").read_text(errors="replace")

    def stop(self):
        """Ends it as an operator would, and checks that it ended well and kept its secrets."""
        self._process.terminate()
        try:
            status = self._process.wait(STOPPED_WITHIN)
        finally:
            self._process.kill()
            log = self.log()
            self._clean()
        assert status == 0, f"its end was not clean ({status}):\n{log}"
        assert self.facts["apiKey"] not in log, "the log contains the key"
        assert "panicked at" not in log, log

    def _clean(self):
        self._process.wait()
        self._process.stdout.close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._database:
            _sql(f"DROP DATABASE {self._database} WITH (FORCE)")


def _sql(statement):
    psql = os.environ.get("HANDCLASP_PSQL", "psql")
    command = [psql, "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-c", statement]
    subprocess.run([*command, os.environ["HANDCLASP_TEST_POSTGRES"]], check=True)
