"""Runs a program that refuses to run as root, without changing anything on the system.

Postgres will not run with user id 0. Two ways, tried in this order:

* ``namespace``: a user namespace of its own in which root is called *nobody*. To the rest of the system the
  process is still root, so it can read a checkout below ``/root`` and owns its files as root does. Some
  containers forbid it.
* ``setuid``: it becomes *nobody* for real and keeps one right of root, to pass and read folders that others
  may not (``CAP_DAC_OVERRIDE``). Its data folder must then belong to *nobody*.

Not root: nothing to do. Run as a program with a way and a command, it replaces itself by the command.
"""

import ctypes
import functools
import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAP_VERSION_3 = 0x20080522


def somebody() -> tuple[int, int]:
    """User and group id of *nobody*, or of the first user that is not root: initdb wants one with a name."""
    users = sorted(pwd.getpwall(), key=lambda user: (user.pw_name != "nobody", user.pw_uid))
    chosen = next(user for user in users if user.pw_uid != 0)
    return chosen.pw_uid, chosen.pw_gid


@functools.cache
def way() -> str:
    """How to run a program that refuses root: ``plain`` (this is not root), ``namespace`` or ``setuid``.

    The environment variable ``TREFOIL_UNROOT`` chooses between the last two.
    """
    if os.geteuid() != 0:
        return "plain"
    if chosen := os.environ.get("TREFOIL_UNROOT"):
        return chosen
    tried = subprocess.run(through("namespace", ["true"]), capture_output=True, check=False)
    return "namespace" if tried.returncode == 0 else "setuid"


def through(chosen: str, command: Sequence[str]) -> list[str]:
    """The command line that runs a command in that way."""
    if chosen == "plain":
        return list(command)
    return [sys.executable, "-S", str(Path(__file__).resolve()), chosen, *command]


def give(folder: Path, chosen: str) -> None:
    """Make a folder and all in it belong to the user that will run the program; free when it does already."""
    if chosen == "plain":
        return
    user, group = somebody() if chosen == "setuid" else (0, 0)
    if folder.stat().st_uid == user:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(parent, name), user, group)
    os.chown(folder, user, group)  # last: an interrupted change is taken up again


def _enter_namespace(libc: ctypes.CDLL) -> None:
    user, group = somebody()
    _check(libc.unshare(_CLONE_NEWUSER), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} 0 1")
    Path("/proc/self/gid_map").write_text(f"{group} 0 1")


def _become_somebody(libc: ctypes.CDLL) -> None:
    user, group = somebody()
    _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl")
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    right = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(
        right, right, right, 0, 0, 0
    )  # effective, permitted, inheritable; then the upper half
    _check(libc.capset(header, rights), "capset")
    _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0), "prctl")


def _check(result: int, call: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call}: {os.strerror(error)}")


def main() -> int:
    """Change the user in the way asked for and become the command. Exit code 1 when that is not allowed."""
    chosen, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _enter_namespace(libc) if chosen == "namespace" else _become_somebody(libc)
    except OSError as error:
        sys.stderr.write(f"cannot run as another user ({chosen}): {error}\n")
        return 1
    os.execvp(command[0], command)  # noqa: S606 -- becoming the command is what this program is for
    raise AssertionError("execvp returned")


if __name__ == "__main__":
    sys.exit(main())
