"""PostgreSQL for tests and figures: found on the machine or unpacked from Debian's packages, and a throw-away server.

Nothing is installed and nobody needs to be root. The server listens on a socket in a folder of its own and nowhere else,
waits for the disk at each commit as a real one does, and ends with the process that started it. Standard library only.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from sbf.compiler import APT_OPTIONS, TOOLCHAIN, NoCompiler, Package, fetched, own_lists, run, unpack

ROOT_NAME = "postgres"
FOLDER_PREFIX = "openscrip-pg-"
USUAL_PLACES = ("/usr/lib/postgresql", "/usr/pgsql-15", "/usr/local/pgsql")
PROGRAMS = ("postgres", "initdb")
# Of the server's libraries these are not on every Debian.
LIBRARIES = ("libpq5", "libxml2", "libicu72", "libldap-2.5-0", "libsasl2-2", "libxslt1.1", "libssl3")
START_S, STOP_S = 30.0, 30.0
INITDB = ("-U", "openscrip", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
SAYS = {
    "listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "jit": "off",
    "max_connections": "120", "shared_buffers": "64MB", "log_min_messages": "warning", "max_wal_size": "512MB",
}  # fmt: skip
# Becomes somebody else if told, asks Linux to end this process when the parent dies, however it dies (PR_SET_PDEATHSIG),
# then becomes the program. Python itself may lie where that somebody cannot read.
BECOME = (
    "import ctypes, os, sys; user, group = map(int, sys.argv[1:3])\n"
    "if user: os.setgroups([]); os.setgid(group); os.setuid(user)\n"
    f"ctypes.CDLL(None).prctl(1, {int(signal.SIGQUIT)}); os.execv(sys.argv[3], sys.argv[3:])"
)


class NoPostgres(Exception):
    """PostgreSQL cannot be had or started on this machine; the text says why."""


# Finding it


def find(toolchain: Path = TOOLCHAIN) -> Path | None:
    """The folder with the server's programs: on the PATH, in the usual folders, or unpacked before. The newest, or none."""
    on_path = shutil.which("postgres")
    places = [Path(on_path).resolve().parent] if on_path else []
    for place in (*map(Path, USUAL_PLACES), toolchain / ROOT_NAME / "usr" / "lib" / "postgresql"):
        versions = [each for each in place.glob("*/bin") if each.parent.name.isdecimal()]
        places += sorted(versions, key=lambda each: int(each.parent.name), reverse=True)
        places.append(place / "bin")
    return next((each for each in places if all((each / name).is_file() for name in PROGRAMS)), None)


def obtain(toolchain: Path = TOOLCHAIN) -> Path:
    """The folder with the server's programs, fetched first where there is none. Raises `NoPostgres`."""
    found = find(toolchain)
    if found is not None:
        return found
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise NoPostgres(f"{missing[0]} is not on this machine, and PostgreSQL comes from Debian's packages")
    try:
        return fetch(toolchain)
    except NoCompiler as failure:  # what apt and dpkg complained of
        shutil.rmtree(toolchain / ROOT_NAME, ignore_errors=True)
        raise NoPostgres(str(failure)) from failure


def fetch(toolchain: Path) -> Path:
    """Download and unpack Debian's server, on apt's own signatures, and its libraries; too many do no harm."""
    toolchain.mkdir(exist_ok=True)
    options = list(APT_OPTIONS)
    version = offered(options)
    if not version:
        options += own_lists(toolchain)
        run(["apt-get", *options, "-qq", "update"])
        version = offered(options)
    if not version:
        raise NoPostgres("apt offers no PostgreSQL")
    folder, root = toolchain / "fetched-postgres", toolchain / ROOT_NAME
    for each in (folder, root):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
    try:
        for name in (f"postgresql-{version}", f"postgresql-client-{version}"):
            unpack(fetched(Package(name, ""), folder, options), root)
        for name in LIBRARIES:
            with suppress(NoCompiler):  # a Debian that names it otherwise has it installed, or the start will tell
                unpack(fetched(Package(name, ""), folder, options), root)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(toolchain / "apt", ignore_errors=True)
    programs = root / "usr" / "lib" / "postgresql" / version / "bin"
    if not starts(programs):
        raise NoPostgres("PostgreSQL was unpacked but does not start on this machine")
    return programs


def offered(options: list[str]) -> str:
    """The version of PostgreSQL that apt has, such as `15`; empty if it has none."""
    try:
        shown = run(["apt-cache", *options, "depends", "postgresql"])
    except NoCompiler:
        return ""
    return max(re.findall(r"Depends: postgresql-(\d+)\b", shown), key=int, default="")


def starts(programs: Path) -> bool:
    """Whether the server runs on this machine."""
    try:
        return "PostgreSQL" in run([str(programs / "postgres"), "--version"], environment=environment(programs))
    except NoCompiler:
        return False


def environment(programs: Path) -> dict[str, str]:
    """Its own libraries where it was unpacked here, and English."""
    libraries = programs.parents[3] / "usr" / "lib" / "x86_64-linux-gnu"
    own = {"LD_LIBRARY_PATH": str(libraries)} if ROOT_NAME in programs.parts[:-4] else {}
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, **own, "LC_ALL": "C"}


# Running it


class Server:
    """A PostgreSQL of its own in a new folder, for whoever starts it and nobody else. `stop` takes the folder away."""

    def __init__(self, programs: Path | None = None, folder: Path | None = None) -> None:
        self._programs = programs or obtain()
        self._made = folder is None
        self._lock: int | None = None
        if folder is None:
            self._lock, folder = new_folder()
        self.folder = folder
        self._user = unprivileged()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the data folder if it is not there, start, and return when it answers. Raises `NoPostgres`."""
        data, log = self.folder / "data", self.folder / "log"
        if not data.exists():
            if self._user:
                os.chown(self.folder, *self._user)
            made = self._started([self._programs / "initdb", "-D", data, *INITDB], subprocess.PIPE)
            said, _ = made.communicate(timeout=START_S)
            if made.returncode:
                raise NoPostgres(f"initdb ended with {made.returncode}: {said.decode(errors='replace')[-300:]}")
        words = [word for name, value in SAYS.items() for word in ("-c", f"{name}={value}")]
        with log.open("ab") as out:
            command: list[str | Path] = [self._programs / "postgres", "-D", data, "-k", self.folder, *words]
            self._process = self._started(command, out.fileno())
        ends = time.monotonic() + START_S
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise NoPostgres(f"the server was not ready: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT, *, keep: bool = False) -> None:
        """End it: `SIGINT` closes connections first, `SIGQUIT` is a crash. The folder goes unless it is kept."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(STOP_S)
            self._process = None
        if self._made and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def url(self, database: str = "postgres") -> str:
        """Where SQLAlchemy finds a database of it."""
        return f"postgresql+psycopg://openscrip@/{database}?host={self.folder}"

    @property
    def pid(self) -> int:
        """The server's process id, 0 when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def _is_ready(self) -> bool:
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return lines[7:8] == ["ready   "]

    def _started(self, command: list[str | Path], out: int) -> "subprocess.Popen[bytes]":
        become = [sys.executable, "-ISc", BECOME, *map(str, self._user or (0, 0))]
        return subprocess.Popen(
            [*become, *map(str, command)], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            cwd=self.folder, env=environment(self._programs), start_new_session=True,
        )  # fmt: skip


def new_folder(place: Path | None = None) -> tuple[int, Path]:
    """A folder for a server, locked as long as this process lives; those that nobody holds any more are taken away."""
    place = place or Path(tempfile.gettempdir())
    for left in place.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):
            os.close(locked(left))
            shutil.rmtree(left, ignore_errors=True)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=place))
        with suppress(OSError):  # between its making and its locking another process may have taken it away
            return locked(folder), folder


def locked(folder: Path) -> int:
    """An open file that holds the folder for this process alone. Raises `OSError` where another holds it or it is gone."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.stat().st_ino != os.fstat(held).st_ino:
            raise FileNotFoundError(str(folder))
    except OSError:
        os.close(held)
        raise
    return held


def unprivileged() -> tuple[int, int] | None:
    """Who the server runs as: PostgreSQL refuses root; None for whoever we are."""
    if os.getuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise NoPostgres("PostgreSQL refuses to run as root, and this machine has no other user")


if __name__ == "__main__":
    try:
        print(obtain())
    except NoPostgres as failure:
        print(f"postgres: {failure}", file=sys.stderr)
        sys.exit(1)
