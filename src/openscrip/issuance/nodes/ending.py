"""How a node's child process ends."""

import signal
import subprocess


def stop(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    """Ask it to end and wait; what does not end in time is killed."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    _close(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it at once, as a power cut would."""
    process.kill()
    process.wait(5)
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
