"""`python -m openscrip_watch attestor | verify | sign-report | wind-down | keys`: the watch as processes of its own."""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from openscrip_watch.commands import add_sign_report, add_verify, add_wind_down, sign, verify, wind
from openscrip_watch.keys import create_keys, ensure_auditor, load_keys
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
    add_verify(commands.add_parser("verify", help="check a report alone, or everything from chains and custodians"))
    add_sign_report(commands.add_parser("sign-report", help="check a reserve report and sign it with one's own key"))
    add_wind_down(commands.add_parser("wind-down", help="the payment list by address, without the issuer"))
    keys = commands.add_parser("keys", help="make missing key files; print the public keys")
    keys.add_argument("--auditor", action="store_true", help="the key of whoever audits reports, and no other")
    for each in (attestor, keys):
        each.add_argument("--keys", type=Path, required=True, help="folder of the key files, mode 0600")
        each.add_argument("--passphrase-file", type=Path, help="seals and opens the key files")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "attestor":
            return _attest(asked)
        others = {"keys": _keys, "verify": verify, "sign-report": sign, "wind-down": wind}
        return others[str(asked.command)](asked)
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


def _keys(asked: argparse.Namespace) -> int:
    passphrase = _passphrase(asked)
    if asked.auditor:
        print(json.dumps({"auditor": ensure_auditor(asked.keys, passphrase)}))
        return 0
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
