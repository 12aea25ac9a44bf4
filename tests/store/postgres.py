"""A PostgreSQL of the tests' own, from this machine's binaries; skipped by name without them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


def postgres_programs() -> Path | None:
    """Where this machine keeps initdb and pg_ctl: on the path, or where Debian puts them."""
    places = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    there = (place for place in places if (place / "initdb").exists())
    return next((place for place in there if (place / "pg_ctl").exists()), None)


@dataclass(frozen=True)
class Postgres:
    """A server that listens on a socket in `home`, and only there."""

    home: Path
    programs: Path

    def url(self, name: str) -> str:
        """Of the database of this name."""
        return f"postgresql+psycopg://vireo@/{name}?host={self.home}"

    def create(self, name: str) -> str:
        """The url of a database, made where it is not there."""
        admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            known = connection.scalar(text(f"SELECT 1 FROM pg_database WHERE datname='{name}'"))
            if not known:
                connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return self.url(name)

    def run(self, program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_user, str(self.programs / program), "-D", str(self.home / "db"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.home} -c fsync=off"
        self.run("pg_ctl", "-w", "-o", options, "-l", str(self.home / "log"), "start")

    def stop(self) -> None:
        """As a crash would: nobody is waited for."""
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs; the test is skipped where that cannot be."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not on this machine")
    if find_spec("psycopg") is None:
        pytest.skip("the driver psycopg is not installed")
    if os.getuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and runuser is not there")
    # Not below pytest's own folder: only its user may enter that, and the path of a socket must be
    # short.
    home = Path(tempfile.mkdtemp(prefix="vireo-postgres-"))
    server = Postgres(home, programs)
    try:
        if os.getuid() == 0:
            shutil.chown(home, "postgres")
        server.run("initdb", "-U", "vireo", "-A", "trust")
        server.start()
        yield server
    finally:
        if (home / "db" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(home, ignore_errors=True)
