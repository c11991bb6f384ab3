"""A jar that is not the one the lock names stops everything, before anything starts."""

import os
from pathlib import Path

import pytest

from local.installation import Installation
from local.jars import LOCKS, WrongSum, cache_folder, class_path, read_lock


def _linked_cache(folder: Path) -> Path:
    """The user's jars under another folder, as links."""
    real = cache_folder()
    for jar in class_path(LOCKS / "neo4j-5.26.lock"):
        link = folder / "jars" / jar.relative_to(real)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(jar)
    return folder / "jars"


def test_every_jar_of_both_locks_has_a_sum_and_a_full_coordinate() -> None:
    for lock in ("neo4j-5.26", "neo4j-2026.08"):
        jars = read_lock(LOCKS / f"{lock}.lock")
        assert len(jars) > 200
        assert all(len(jar.sha256) == 64 and jar.coordinate.count(":") in (2, 3) for jar in jars)


def test_the_class_path_is_the_lock_in_its_order() -> None:
    lock = LOCKS / "neo4j-5.26.lock"
    names = [jar.coordinate.split(":")[1] for jar in read_lock(lock)]
    assert all(path.name.startswith(name) for path, name in zip(class_path(lock), names, strict=True))


def test_a_lock_with_another_sum_is_refused_and_names_the_jar(tmp_path: Path) -> None:
    first, *rest = (LOCKS / "neo4j-5.26.lock").read_text().splitlines()[1:]
    digest, coordinate = first.split()
    lock = tmp_path / "other.lock"
    lock.write_text("\n".join([f"{'0' * len(digest)}  {coordinate}", *rest]))
    with pytest.raises(WrongSum, match=coordinate):
        class_path(lock)


def test_a_changed_jar_lets_nothing_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = _linked_cache(tmp_path / "cache")
    victim = next(cache.rglob("bolt-connection-*.jar"), None) or next(cache.rglob("neo4j-bolt-*.jar"))
    content = victim.read_bytes()
    victim.unlink()
    victim.write_bytes(content + b"\0")
    monkeypatch.setenv("TREFOIL_CACHE", os.fspath(tmp_path / "cache"))
    installed = Installation(tmp_path / "data", program=())
    with pytest.raises(WrongSum, match=victim.name):
        installed.start_stores()
    assert not any(status.up or status.pid for status in installed.status().values())
    assert not list((tmp_path / "data" / "run").glob("*"))
