"""A foreign FIX engine (jspurefix) on the other side of a real socket, in both roles; and its dictionary beside ours."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.runtime.fix.shop import Booked, Filling, broker_party, issuer_party

from openscrip.kernel.clock import LiveClock
from openscrip.runtime.fix.connection import Acceptor, Initiator
from openscrip.runtime.fix.dictionary import SHAPES, TYPES_OF_4_2
from openscrip.runtime.fix.party import live_moments

ENGINE = Path(__file__).resolve().parents[3] / "node_modules" / "jspurefix"
WAIT_S = 60

live = live_moments(LiveClock(), lambda at: datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d"))


async def peer(role: str, port: int) -> asyncio.subprocess.Process:
    node = shutil.which("node")
    assert node is not None, "tests: a Node is needed; make set-up installs one"
    return await asyncio.create_subprocess_exec(
        *(node, str(Path(__file__).with_name("peer.cjs")), role, str(port)),
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(ENGINE.parent), "PEER_WIRE": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parts
def test_foreign_broker__fills_what_we_order_and_logs_out_with_us(tmp_path: Path, free_port: Callable[[], int]) -> None:
    issuer = Booked(tmp_path / "issuer.db")
    issuer.ask(["o-0", "o-1", "o-2"])

    async def play() -> tuple[str, str]:
        port = free_port()
        broker = await peer("acceptor", port)
        initiator = Initiator(replace(issuer_party(issuer, resets=True), now=live), "127.0.0.1", port)
        running = asyncio.create_task(initiator.run())
        try:
            async with asyncio.timeout(WAIT_S):
                while len(issuer.taken) < 6:
                    if running.done():
                        running.result()
                    await asyncio.sleep(0.01)
            initiator.stop()
            async with asyncio.timeout(WAIT_S):
                await running
        finally:
            broker.terminate()
            said, wire = await broker.communicate()
        return said.decode(), wire.decode()

    said, wire = asyncio.run(play())
    issuer.store.close()
    assert issuer.taken == [f"o-{number}/{what}" for number in range(3) for what in ("ack", "fill")], wire
    assert said.splitlines()[:4] == ["ready", "D o-0", "D o-1", "D o-2"], wire
    assert issuer.column("SELECT linked FROM fix_session") == ["0"]


@pytest.mark.parts
def test_foreign_issuer__is_filled_by_us_and_logs_out(tmp_path: Path) -> None:
    broker = Filling(tmp_path / "broker.db")

    async def play() -> tuple[str, str]:
        acceptor = Acceptor([replace(broker_party(broker), now=live)])
        issuer = await peer("initiator", await acceptor.listen("127.0.0.1"))
        try:
            async with asyncio.timeout(WAIT_S):
                said, wire = await issuer.communicate()
        finally:
            if issuer.returncode is None:
                issuer.kill()
            await acceptor.close()
        return said.decode(), wire.decode()

    said, wire = asyncio.run(play())
    broker.store.close()
    assert broker.taken == ["o-0", "o-1", "o-2"], wire
    reports = [f"8 o-{number}/{what}" for number in range(3) for what in ("ack", "fill")]
    assert [line for line in said.splitlines() if line.startswith("8")] == reports, wire
    assert broker.column("SELECT linked FROM fix_session") == ["0"]


def test_foreign_dictionary__requires_what_ours_requires_and_knows_every_field_of_ours() -> None:
    root = ElementTree.parse(ENGINE / "data" / "FIX42.xml").getroot()
    tags = {each.attrib["name"]: int(each.attrib["number"]) for each in root.findall("fields/field")}
    kinds = {each.attrib["msgtype"]: each for each in root.findall("messages/message")}
    assert set(kinds) <= TYPES_OF_4_2
    for kind, shape in SHAPES.items():
        inside = [each.attrib for each in kinds[kind].iter() if "required" in each.attrib]
        fields = {tags[each["name"]]: each["required"] for each in inside}
        required = {tag for tag, needed in fields.items() if needed == "Y"}
        assert set(shape.required) == required, kind
        assert set(shape.required) | shape.optional <= set(fields), (kind, set(shape.optional) - set(fields))
