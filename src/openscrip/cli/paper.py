"""`openscrip paper-broker` and `openscrip paper-custodian`: parties to test against, run by themselves."""

from argparse import ArgumentParser, Namespace

from openscrip.cli.node_options import add_clock, start_of, within
from openscrip.cli.saying import Voice
from openscrip.cli.settings import settings_of


def add_paper_broker(to: ArgumentParser) -> None:
    """The command's own words."""
    to.add_argument("--port", default="0", help="where the back office answers on 127.0.0.1; 0 takes a free port")
    to.add_argument("--fix-port", default="0", help="where the FIX 4.2 session is accepted; 0 takes a free port")
    to.add_argument("--sender", default="PAPERBROKER", metavar="NAME", help="the broker's CompID (PAPERBROKER)")
    to.add_argument("--target", default="OPENSCRIP", metavar="NAME", help="the counterparty's CompID (OPENSCRIP)")
    to.add_argument("--alpaca", action="store_true", help="speak as Alpaca's Broker API, under /alpaca, instead of FIX")
    to.add_argument("--cancel-on-disconnect", action="store_true", help="cancel open orders when the link is lost")
    to.add_argument("--at-once", action="store_true", help="fill regular orders when they come, at the last known close")
    add_clock(to)


def paper_broker(asked: Namespace, voice: Voice) -> int:
    """Serve until SIGINT or SIGTERM. The ready line on standard output is JSON, with `url` and `fix`."""
    from openscrip.bootstrap.paper_programs import paper_broker as serve  # noqa: PLC0415

    data = settings_of(asked).data / "broker"
    ports = [within(text, 0, 65_535, "broker.port", "paper broker: port") for text in (asked.port, asked.fix_port)]
    arguments = ["--data", str(data), "--port", str(ports[0]), "--fix-port", str(ports[1])]
    arguments += ["--sender", asked.sender, "--target", asked.target]
    arguments += ["--live"] if asked.at is None else ["--start-time", str(start_of(asked.at))]
    switches = {"alpaca": asked.alpaca, "cancel-on-disconnect": asked.cancel_on_disconnect, "at-once": asked.at_once}
    arguments += [f"--{name}" for name, on in switches.items() if on]
    serve(arguments)
    if not voice.as_json:
        voice.say("Stopped.")
    return 0


def add_paper_custodian(to: ArgumentParser) -> None:
    """The command's own words."""
    to.add_argument("--port", default="0", help="where it answers on 127.0.0.1; 0 takes a free port")
    to.add_argument("--broker", required=True, metavar="URL", help="the back office of the paper broker")
    to.add_argument("--treasury-key", required=True, metavar="KEY", help="the client's ed25519 public key, hex or base64")
    to.add_argument("--approver-key", required=True, metavar="KEY", help="the approver's; what leaves needs both")
    to.add_argument("--name", default="PAPER-CUSTODIAN", help="the name that it signs under (PAPER-CUSTODIAN)")
    add_clock(to)


def paper_custodian(asked: Namespace, voice: Voice) -> int:
    """Serve until SIGINT or SIGTERM. The ready line on standard output is JSON, with `url`."""
    from openscrip.bootstrap.paper_programs import paper_custodian as serve  # noqa: PLC0415

    port = within(asked.port, 0, 65_535, "custodian.port", "paper custodian: port")
    arguments = ["--data", str(settings_of(asked).data / "custodian"), "--port", str(port), "--broker", asked.broker]
    arguments += ["--treasury-key", asked.treasury_key, "--approver-key", asked.approver_key, "--name", asked.name]
    arguments += ["--live"] if asked.at is None else ["--start-time", str(start_of(asked.at))]
    serve(arguments)
    if not voice.as_json:
        voice.say("Stopped.")
    return 0
