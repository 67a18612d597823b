"""What Linux tells about processes and the machine (proc(5))."""

from __future__ import annotations

import os
import platform
import resource
import ssl
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_CPUCLOCK_SCHED = 2
"""Of clock_getcpuclockid(3), which Python doesn't have: all threads, in nanoseconds. /proc tells
the same in hundredths of a second, which is too coarse for one login.
"""


class MachineError(Exception):
    """This machine can't do that; the text says what to change."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads, ended ones too. Raises
    MachineError when there is no such process.
    """
    try:
        return time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
    except OSError as error:
        raise MachineError(f"process {pid} has ended") from error


def resident_kib(pid: int) -> int:
    """Memory of a process that is in RAM (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0  # it has ended, and is not yet waited for


def files_allowed() -> float:
    """How many files a process may open at the most; infinite where there is no limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return float("inf") if hard == resource.RLIM_INFINITY else hard


def allow_files(wanted: int) -> None:
    """Raise the limit of open files, for this process and those it starts. Raises MachineError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted > files_allowed():
        raise MachineError(
            f"{wanted} open files are needed and a process may have {hard} here; "
            "raise `ulimit -Hn`, or measure with fewer --connections"
        )
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. sync_ms: the median of writing 4 KiB and syncing it to the disk that
    the databases are on. load: runnable processes in the last minute, before the start.
    congestion: how the kernel paces TCP, which is part of what a small message costs.
    """

    cpu: str
    cores: int
    kernel: str
    python: str
    openssl: str
    sync_ms: float
    load: float
    congestion: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def this_machine(directory: Path | None) -> Machine:
    """directory: where the databases will be; None for the system's temporary directory."""
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        kernel=platform.release(),
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION,
        sync_ms=round(_sync_ms(directory), 2),
        load=round(os.getloadavg()[0], 2),
        congestion=Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip(),
    )


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _sync_ms(directory: Path | None) -> float:
    times = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(50):
            begun = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000
