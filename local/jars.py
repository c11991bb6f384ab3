"""Jars by Maven coordinate, each checked against a committed lock of SHA-256 sums.

A lock is a text file of lines ``<sha-256>  <group>:<artifact>:<version>[:<classifier>]``. Jars are kept per
user (in ``$TREFOIL_CACHE``, else the user's cache folder), so that checkouts share them and later starts need
no network. A download lands there only after its sum was found right; every start checks all sums again.

Run as a program: ``python -m local.jars NAME`` fetches what a lock names; with ``--write`` and
coordinates it makes the lock anew from them and all they need.
"""

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from core.limits import JAR_DOWNLOAD_SECONDS_MAX, JAR_DOWNLOADS_AT_ONCE
from local import CannotStart

LOCKS = Path(__file__).parent


class WrongSum(CannotStart):
    """A jar is not the one the lock names."""


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One jar of a lock."""

    sha256: str
    coordinate: str  # group:artifact:version[:classifier]


def cache_folder() -> Path:
    """Where jars are kept, laid out like a Maven repository."""
    if chosen := os.environ.get("TREFOIL_CACHE"):
        return Path(chosen).absolute() / "jars"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trefoil" / "jars"


def read_lock(path: Path) -> list[LockedJar]:
    """The jars a lock names, in its order, which is the order of the class path."""
    jars = [LockedJar(*line.split()) for line in path.read_text().splitlines() if line and line[0] != "#"]
    if not jars:
        raise CannotStart(f"{path} names no jars")
    return jars


def class_path(lock: Path, cache: Path | None = None) -> list[Path]:
    """The jars of a lock on this machine, fetched where missing and each one checked.

    Raises WrongSum when a jar, kept or just fetched, differs from the lock; CannotStart when none can be had.
    """
    folder = cache or cache_folder()
    with ThreadPoolExecutor(JAR_DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(lambda jar: _checked(jar, folder, lock), read_lock(lock)))


def write_lock(path: Path, coordinates: Sequence[str]) -> int:
    """Resolve coordinates with all they need at run time and write the lock; how many jars it names."""
    with tempfile.TemporaryDirectory() as scratch:
        context = _context(Path(scratch))
        wanted = [context.create_dependency(coordinate) for coordinate in coordinates]
        inputs, transitive = context.resolver.resolve(wanted)
        artifacts = [found.artifact for found in (*inputs, *transitive) if found.type == "jar"]
        with ThreadPoolExecutor(JAR_DOWNLOADS_AT_ONCE) as pool:
            sums = list(pool.map(lambda artifact: _sha256(artifact.resolve()), artifacts))
    lines = sorted(f"{digest}  {_coordinate(artifact)}" for digest, artifact in zip(sums, artifacts, strict=True))
    lines.sort(key=lambda line: line.split()[1])
    header = f"# Made by: python -m local.jars {path.stem} --write {' '.join(coordinates)}\n"
    path.write_text(header + "\n".join(lines) + "\n")
    return len(lines)


def _checked(jar: LockedJar, folder: Path, lock: Path) -> Path:
    kept = _artifact(jar, _context(folder)).cached_path
    assert kept is not None  # it is, for a context with a folder
    if not kept.exists():
        _fetch(jar, kept, lock)
    elif (found := _sha256(kept)) != jar.sha256:
        raise WrongSum(
            f"{kept} has the SHA-256 sum {found}, but {lock.name} says {jar.sha256} for {jar.coordinate}. "
            "Nothing was started. Delete that file and run `make setup` to fetch it again."
        )
    return kept


def _fetch(jar: LockedJar, kept: Path, lock: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(requests.RequestException),
                stop=stop_after_attempt(4),
                wait=wait_exponential(max=8),
                reraise=True,
            ):
                with attempt:
                    part = Path(scratch) / str(attempt.retry_state.attempt_number)
                    fetched = _artifact(jar, _context(part)).resolve()
        except (requests.RequestException, RuntimeError) as error:
            raise CannotStart(f"cannot fetch {jar.coordinate}: {error}") from error
        if (found := _sha256(fetched)) != jar.sha256:
            raise WrongSum(
                f"{jar.coordinate} came with the SHA-256 sum {found}, but {lock.name} says {jar.sha256}. "
                "It was not kept and nothing was started."
            )
        os.replace(fetched, kept)


def _context(folder: Path) -> MavenContext:
    return MavenContext(repo_cache=folder, local_repos=[], timeout=int(JAR_DOWNLOAD_SECONDS_MAX))


def _artifact(jar: LockedJar, context: MavenContext) -> Artifact:
    group, name, version, *classifier = jar.coordinate.split(":")
    return context.project(group, name).at_version(version).artifact(*classifier)


def _coordinate(artifact: Artifact) -> str:
    parts = [artifact.groupId, artifact.artifactId, artifact.version, artifact.classifier]
    return ":".join(part for part in parts if part)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    """Fetch the jars of a lock, or write the lock. Exit code 1 when a jar is wrong or missing."""
    parser = argparse.ArgumentParser(prog="python -m local.jars")
    parser.add_argument("name", help="a lock in this folder, such as neo4j-5.26")
    parser.add_argument("--write", nargs="+", metavar="GROUP:ARTIFACT:VERSION")
    chosen = parser.parse_args()
    lock = LOCKS / f"{chosen.name}.lock"
    try:
        if chosen.write:
            sys.stdout.write(f"{lock.name} names {write_lock(lock, chosen.write)} jars\n")
        else:
            sys.stdout.write(f"{len(class_path(lock))} jars of {lock.name} are in place\n")
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
