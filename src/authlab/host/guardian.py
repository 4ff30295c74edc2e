"""The guardian: a small program that owns every program the lab starts, so that none outlives the lab.

Run as `python -I -S guardian.py FD FOLDER…`: standard library only, in a session of its own, ignoring Ctrl-C.
FD is its end of a socket pair with authlab. When the other end closes, for whatever reason (the end of a `with`, an
exception, SIGKILL), it kills every process that descends from it, removes the folders, and exits.

On Linux it is the *subreaper* of its descendants: a daemon that leaves its group, session and parent becomes its child.
Killing descendants until none is left therefore misses nobody. Elsewhere it kills the process groups.

Messages are lines of JSON. From authlab:
`{"spawn": id, "argv", "log", "env", "cwd", "cpus"}`, `{"signal": id, "sig", "group"}`, `{"remove": folder}`.
To authlab: `{"spawned": id, "pid", "log_start"}` or `{"failed": id, "error"}`, `{"signalled": id, "done"}`,
`{"ended": id, "status"}` (status as subprocess has it: negative for a signal).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_PR_SET_CHILD_SUBREAPER = 36
_OPEN_FILES = 65_536
_ENDING_TAKES_AT_MOST_S = 10.0
_DEAF_TO = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGPIPE")
_NOT_OURS = (*_DEAF_TO, "SIGXFSZ", "SIGCHLD")  # Python itself ignores SIGPIPE and SIGXFSZ

_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def _prctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _descendants(root: int) -> list[int]:
    """Every living descendant of `root` (Linux: by the chain of parents in /proc; elsewhere none)."""
    if not _LINUX:
        return []
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a thousand Path objects would be waste here
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:  # noqa: PTH123
                    # the command name may contain blanks and brackets, so the fields begin after its last bracket
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue  # it ended meanwhile
            children.setdefault(parent, []).append(int(entry))
    found: list[int] = []
    waiting = [root]
    while waiting:
        of = children.get(waiting.pop(), ())
        found.extend(of)
        waiting.extend(of)
    return found


def _kill_quietly(pid: int, *, group: bool) -> None:
    try:
        if group:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody left (macOS answers EPERM for a group of zombies)


def _become(order: dict[str, Any], guardian: int, mask: set[Any]) -> NoReturn:
    """In the forked child: become the program. Raises OSError if that is not possible."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guardian:
        os._exit(1)  # the guardian died before the line above could bind us to it
    for name in _NOT_OURS:
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if order["cpus"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order["cpus"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if order["cwd"]:
        os.chdir(order["cwd"])
    os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - argument lists are the lab's


class Guardian:
    """Spawns, reaps, and kills at the end. One thread, one loop."""

    def __init__(self, channel: socket.socket, folders: list[str]) -> None:
        self.channel = channel
        self.folders = folders
        self.leaders: dict[int, int] = {}  # pid -> id of the programs that were spawned and not yet reaped
        self.authlab_listens = True

    def run(self) -> None:
        """Serve until the channel closes, then end everything."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        poll.register(self.channel.fileno(), select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        pending = b""
        try:
            while self.authlab_listens:
                ready = {fd for fd, _ in poll.poll()}
                if wake_read in ready:
                    os.read(wake_read, 4096)
                    self.reap()
                if self.channel.fileno() in ready:
                    received = self.receive()
                    if not received:
                        break
                    *lines, pending = (pending + received).split(b"\n")
                    for line in lines:
                        self.obey(json.loads(line))
        finally:
            self.end_all()
            for folder in self.folders:
                _remove(folder)

    def receive(self) -> bytes:
        """What authlab sent; empty when authlab is gone."""
        try:
            return self.channel.recv(1 << 20)
        except ConnectionError:
            return b""

    def tell(self, message: dict[str, Any]) -> None:
        """Send one message, and notice if nobody is there."""
        try:
            self.channel.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.authlab_listens = False

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out one order."""
        if "spawn" in order:
            self.spawn(order)
        elif "signal" in order:
            self.signal(order)
        elif "remove" in order:
            self.folders.append(order["remove"])

    def spawn(self, order: dict[str, Any]) -> None:
        """Fork and execute. authlab gets the answer only when the program itself runs, or the reason why it doesn't."""
        try:
            log_start = os.stat(order["log"]).st_size  # noqa: PTH116
        except OSError:
            log_start = 0
        read, write = os.pipe()
        guardian = os.getpid()
        # No signal may run our handler between the fork and the moment the child has its own dispositions.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                try:
                    signal.set_wakeup_fd(-1)
                    _become(order, guardian, mask)
                except BaseException as error:  # noqa: BLE001 - reported to the parent, then we are gone
                    os.write(write, str(error).encode())
                finally:
                    os._exit(127)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(write)
        trouble = b""
        while part := os.read(read, 4096):  # ends when exec closes the pipe
            trouble += part
        os.close(read)
        if trouble:
            os.waitpid(pid, 0)
            self.tell({"failed": order["spawn"], "error": trouble.decode(errors="replace")})
        else:
            self.leaders[pid] = order["spawn"]
            self.tell({"spawned": order["spawn"], "pid": pid, "log_start": log_start})

    def signal(self, order: dict[str, Any]) -> None:
        """Signal a program (or its group). Only the guardian can do so safely: an unreaped pid is never reused."""
        done = False
        for pid, number in self.leaders.items():
            if number == order["target"]:
                try:
                    (os.killpg if order["group"] else os.kill)(pid, order["sig"])
                    done = True
                except (ProcessLookupError, PermissionError):
                    pass
        self.tell({"signalled": order["signal"], "done": done})

    def reap(self) -> None:
        """Reap the dead. The rest of a dead leader's group is killed, too: an nginx worker without its master, or a
        gunicorn child, would go on serving."""
        while True:
            try:
                pid = self.next_dead()
                if pid == 0:
                    return
                number = self.leaders.get(pid)
                if number is not None:
                    _kill_quietly(pid, group=True)
                if _KEEPS_ZOMBIE:
                    _, self.status = os.waitpid(pid, 0)
            except ChildProcessError:
                return
            if number is not None:
                del self.leaders[pid]
                self.tell({"ended": number, "status": os.waitstatus_to_exitcode(self.status)})

    def next_dead(self) -> int:
        """The pid of a dead child, 0 if there is none. It stays a zombie if the system supports that, so that no other
        process group can get its number before it is killed."""
        if _KEEPS_ZOMBIE:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return 0 if dead is None else dead.si_pid
        pid, self.status = os.waitpid(-1, os.WNOHANG)
        return pid

    def end_all(self) -> None:
        """Kill every descendant, again and again, until there is none."""
        deadline = time.monotonic() + _ENDING_TAKES_AT_MOST_S
        while time.monotonic() < deadline:
            for pid in self.leaders:
                _kill_quietly(pid, group=True)
            for pid in _descendants(os.getpid()):
                _kill_quietly(pid, group=False)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            time.sleep(0.002)


_KEEPS_ZOMBIE = hasattr(os, "waitid")  # macOS before Python 3.13 has none


def _remove(folder: str) -> None:
    """Remove a folder and its content; only an absolute, real folder that is not a root."""
    path = Path(folder)
    if path.is_absolute() and len(path.parts) > 2 and not path.is_symlink():
        for _ in range(3):
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                return
            time.sleep(0.05)


def main() -> None:
    """Ignore signals, raise the limit of open files for the programs, and serve."""
    for name in _DEAF_TO:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has its own limit; what there is must be enough
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    Guardian(channel, sys.argv[2:]).run()


if __name__ == "__main__":
    main()
