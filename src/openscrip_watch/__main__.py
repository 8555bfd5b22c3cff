"""`python -m openscrip_watch attestor | verify | keys`: the watch as processes of its own."""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from openscrip_watch.keys import create_keys, load_keys
from openscrip_watch.refusal import Refusal

PARENT_CHECK_S = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says. Exit code 0 well, 1 a check was broken or a failure, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="openscrip_watch", description="Attestor and verifier of Openscrip.")
    commands = parser.add_subparsers(dest="command", required=True)
    attestor = commands.add_parser("attestor", help="co-sign what is covered")
    attestor.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    attestor.add_argument("--data", type=Path, required=True, help="folder of the watch's own store")
    attestor.add_argument("--config", type=Path, required=True, help="JSON file; read again when it changes")
    attestor.add_argument("--live", action="store_true", help="market time is the wall clock")
    attestor.add_argument("--die-with-parent", action="store_true", help="end when the starting process ends")
    verify = commands.add_parser("verify", help="check everything from chains and custodian alone")
    verify.add_argument("--config", type=Path, required=True)
    verify.add_argument("--json", action="store_true", help="one JSON line")
    keys = commands.add_parser("keys", help="make missing key files; print the public keys")
    for each in (attestor, keys):
        each.add_argument("--keys", type=Path, required=True, help="folder of the key files, mode 0600")
        each.add_argument("--passphrase-file", type=Path, help="seals and opens the key files")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "attestor":
            return _attest(asked)
        return _keys(asked) if asked.command == "keys" else _verify(asked)
    except Refusal as refusal:
        print(f"{refusal.code}: {refusal.text}", file=sys.stderr)
        return 1


def _attest(asked: argparse.Namespace) -> int:
    import uvicorn  # noqa: PLC0415  the verifier starts without a server

    from openscrip_watch.attestor import Watch  # noqa: PLC0415
    from openscrip_watch.http import JudgingThread, attestor_app  # noqa: PLC0415
    from openscrip_watch.store import Store  # noqa: PLC0415

    keys = load_keys(asked.keys, _passphrase(asked))
    watch = Watch(Store(asked.data / "watch.sqlite"), keys, asked.config, live=asked.live)
    judging = JudgingThread(watch)
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", asked.port))
    door.listen(128)
    if asked.die_with_parent:
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    config = uvicorn.Config(
        attestor_app(watch, judging),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
    )
    url = f"http://127.0.0.1:{door.getsockname()[1]}"
    print(json.dumps({"ready": "attestor", "url": url, "pid": os.getpid(), "keys": keys.public()}), flush=True)
    uvicorn.Server(config).run(sockets=[door])
    judging.stop()
    return 0


def _verify(asked: argparse.Namespace) -> int:
    from openscrip_watch.config import load_config  # noqa: PLC0415
    from openscrip_watch.verify import verify  # noqa: PLC0415

    checks = verify(load_config(asked.config))
    ok = all(check.ok for check in checks)
    if asked.json:
        rows = [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks]
        print(json.dumps({"ok": ok, "checks": rows}))
    else:
        for check in checks:
            print(f"{'ok    ' if check.ok else 'BROKEN'} {check.name:20} {check.detail}")
    return 0 if ok else 1


def _keys(asked: argparse.Namespace) -> int:
    passphrase = _passphrase(asked)
    create_keys(asked.keys, passphrase)
    print(json.dumps(load_keys(asked.keys, passphrase).public()))
    return 0


def _passphrase(asked: argparse.Namespace) -> str | None:
    return asked.passphrase_file.read_text().strip() if asked.passphrase_file else None


def _end_with_parent(parent: int) -> None:
    waiting = threading.Event()
    while os.getppid() == parent:
        waiting.wait(PARENT_CHECK_S)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
