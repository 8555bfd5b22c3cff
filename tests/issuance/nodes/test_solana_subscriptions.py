"""Subscriptions by WebSocket: told after the reply and once each, in the wanted encoding, and hostile ones do no harm."""

import asyncio
import base64
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from tests.issuance.nodes.solana_stage import MEMO, SOL, InProcess, our_mint, payment, rich, send, signed
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from openscrip.issuance.nodes.solana.log import Log
from openscrip.issuance.nodes.solana.process import SolanaNode
from openscrip.issuance.nodes.solana.socket_face import MESSAGE_BYTES_MAX, SUBSCRIPTIONS_MAX, SocketFace
from openscrip.issuance.rpc import JsonRpc

pytestmark = pytest.mark.parts
WAIT_S = 60


class Socket:
    """A client that asks one thing at a time and keeps what it is told in between."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._told: list[Any] = []

    def ask(self, method: str, *parameters: object) -> Any:
        self.connection.send(json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters}))
        while "id" not in (answer := json.loads(self.connection.recv(WAIT_S))):
            self._told.append(answer)
        return answer.get("result", answer.get("error"))

    def told(self) -> tuple[str, int, Any]:
        """The next notification: its method, subscription and result."""
        heard = self._told.pop(0) if self._told else json.loads(self.connection.recv(WAIT_S))
        parameters = heard["params"]
        return heard["method"], parameters["subscription"], parameters["result"]


@pytest.fixture
def ws(node: SolanaNode) -> Iterator[Socket]:
    with connect(node.socket_url, close_timeout=1) as connection:
        yield Socket(connection)


def test_a_signature__is_told_once_after_the_reply_whether_it_landed_before_or_after(rpc: JsonRpc, ws: Socket) -> None:
    payer = rich(rpc)
    ready = signed(rpc, payer, payment(payer, Keypair().pubkey(), SOL))
    coming = str(Signature.from_bytes(base64.b64decode(ready)[1:65]))
    later = ws.ask("signatureSubscribe", coming, {"commitment": "confirmed"})
    rpc.call("sendTransaction", ready, {"encoding": "base64"})
    method, number, result = ws.told()
    assert (method, number, result["value"]) == ("signatureNotification", later, {"err": None})
    again = ws.ask("signatureSubscribe", coming)
    assert again != later
    assert ws.told()[1] == again
    assert ws.ask("signatureUnsubscribe", again)["code"] == -32602, "it ended by itself"


def test_a_received_notification__comes_before_the_result_when_asked_for(rpc: JsonRpc, ws: Socket) -> None:
    payer = rich(rpc)
    sent = send(rpc, payer, payment(payer, Keypair().pubkey(), SOL))
    ws.ask("signatureSubscribe", sent, {"commitment": "confirmed", "enableReceivedNotification": True})
    assert [ws.told()[2]["value"] for _ in range(2)] == ["receivedSignature", {"err": None}]


def test_a_failed_transaction__is_told_with_its_error(rpc: JsonRpc, ws: Socket) -> None:
    payer = rich(rpc)
    too_much = signed(rpc, payer, payment(payer, Keypair().pubkey(), 1000 * SOL))
    sent = rpc.call("sendTransaction", too_much, {"encoding": "base64", "skipPreflight": True})
    ws.ask("signatureSubscribe", sent)
    assert ws.told()[2]["value"] == {"err": {"InstructionError": [0, {"Custom": 1}]}}


def test_accounts_programs_and_logs__are_told_in_order_with_filters_and_encodings(rpc: JsonRpc, ws: Socket) -> None:
    mint, holder = our_mint(rpc), Keypair().pubkey()
    account = str(mint.account(holder))
    of_account = ws.ask("accountSubscribe", account, {"encoding": "jsonParsed", "commitment": "processed"})
    filters = [{"dataSize": 179}, {"memcmp": {"offset": 32, "bytes": str(holder)}}]
    of_program = ws.ask("programSubscribe", str(Pubkey(mint_program())), {"encoding": "base64+zstd"})
    assert of_program["code"] == -32602, "an encoding that is not served is refused"
    of_program = ws.ask("programSubscribe", str(Pubkey(mint_program())), {"encoding": "base64", "filters": filters})
    of_logs = ws.ask("logsSubscribe", {"mentions": [account]})
    everything = ws.ask("logsSubscribe", "all")
    assert ws.ask("logsUnsubscribe", everything) is True
    mint.give(rpc, Keypair().pubkey(), 1)
    sent = mint.give(rpc, holder, 250)
    heard = {number: (method, result) for method, number, result in (ws.told() for _ in range(3))}
    assert heard[of_logs][1]["value"]["signature"] == sent
    assert heard[of_logs][1]["value"]["err"] is None
    parsed = heard[of_account][1]["value"]["data"]["parsed"]["info"]
    assert (parsed["tokenAmount"]["amount"], parsed["owner"]) == ("250", str(holder))
    method, result = heard[of_program]
    assert method == "programNotification"
    assert result["value"]["pubkey"] == account
    assert base64.b64decode(result["value"]["account"]["data"][0])[64:72] == (250).to_bytes(8, "little")


def mint_program() -> bytes:
    return bytes(Pubkey.from_string("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"))


def test_an_account_too_long_for_base58__is_told_in_base64(rpc: JsonRpc, ws: Socket) -> None:
    mint = our_mint(rpc)
    ws.ask("accountSubscribe", str(mint.key))
    mint.multiply(rpc, "2.5", 0)
    data, encoding = ws.told()[2]["value"]["data"]
    assert encoding == "base64"
    assert len(base64.b64decode(data)) > 509


def test_an_account_that_was_emptied__is_told_as_nothing(rpc: JsonRpc, ws: Socket) -> None:
    payer = rich(rpc, 1)
    ws.ask("accountSubscribe", str(payer.pubkey()), {"encoding": "base64"})
    send(rpc, payer, payment(payer, Keypair().pubkey(), SOL - 5000))
    told = ws.told()[2]["value"]
    assert (told["lamports"], told["data"], told["owner"]) == (0, ["", "base64"], "1" * 32)


def test_slots_and_roots__are_told_as_they_pass_until_unsubscribed(rpc: JsonRpc, ws: Socket) -> None:
    slots, roots = ws.ask("slotSubscribe"), ws.ask("rootSubscribe")
    first = {number: (method, result) for method, number, result in (ws.told() for _ in range(2))}
    method, told = first[slots]
    assert method == "slotNotification"
    assert (told["parent"], told["root"]) == (told["slot"] - 1, told["slot"] - 2)
    assert first[roots] == ("rootNotification", told["root"])
    assert ws.ask("rootUnsubscribe", roots) is True
    rpc.call("openscrip_skipSlots", 1000)
    later = ws.told()
    while later[2]["slot"] < told["slot"] + 1000:
        later = ws.told()
    assert later[1] == slots


def test_late_confirmations__are_told_late(own_node: SolanaNode, own_rpc: JsonRpc) -> None:
    payer = rich(own_rpc)
    own_rpc.call("openscrip_setFaults", {"confirmSlots": 1000, "finalizeSlots": 2000})
    with connect(own_node.socket_url, close_timeout=1) as connection:
        ws = Socket(connection)
        sent = send(own_rpc, payer, payment(payer, Keypair().pubkey(), SOL))
        at = {one: ws.ask("signatureSubscribe", sent, {"commitment": one}) for one in ("processed", "confirmed", "finalized")}
        for commitment, skip in (("processed", 0), ("confirmed", 1000), ("finalized", 1000)):
            assert (own_rpc.call("getTransaction", sent, {"commitment": commitment}) is None) == (skip > 0)
            if skip:
                own_rpc.call("openscrip_skipSlots", skip)
            assert ws.told()[1] == at[commitment]
            assert own_rpc.call("getSignatureStatuses", [sent])["value"][0]["confirmationStatus"] == commitment
            assert own_rpc.call("getTransaction", sent, {"commitment": commitment})["slot"] > 0


def test_a_node_that_is_asked_to_stop__ends_its_open_sockets(own_node: SolanaNode) -> None:
    process = own_node._process
    assert process is not None
    with connect(own_node.socket_url, close_timeout=1) as connection:
        assert isinstance(Socket(connection).ask("slotSubscribe"), int)
        own_node.stop()
        assert process.returncode == 0
        with pytest.raises(ConnectionClosed):
            while True:
                connection.recv(WAIT_S)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", -32700),
        ("[" * 20_000, -32700),
        ("7", -32600),
        ('{"id":1,"method":"getBalance","params":[]}', -32601),
        ('{"id":1,"method":"blockSubscribe","params":["all"]}', -32601),
        ('{"id":1,"method":"accountSubscribe","params":["x"]}', -32602),
        ('{"id":1,"method":"accountSubscribe","params":[]}', -32602),
        (f'{{"id":1,"method":"accountSubscribe","params":["{MEMO}",{{"dataSlice":{{"offset":"a"}}}}]}}', -32602),
        ('{"id":1,"method":"signatureSubscribe","params":["x"]}', -32602),
        ('{"id":1,"method":"logsSubscribe","params":[{"mentions":[]}]}', -32602),
        ('{"id":1,"method":"logsSubscribe","params":[7]}', -32602),
        (f'{{"id":1,"method":"programSubscribe","params":["{MEMO}",{{"filters":[{{"memcmp":7}}]}}]}}', -32602),
        ('{"id":1,"method":"slotUnsubscribe","params":[[]]}', -32602),
        ('{"id":1,"method":"slotUnsubscribe","params":[99999999]}', -32602),
    ],
)
def test_a_malformed_message__is_answered_with_its_error(ws: Socket, message: str, code: int) -> None:
    ws.connection.send(message)
    assert json.loads(ws.connection.recv(WAIT_S))["error"]["code"] == code
    assert isinstance(ws.ask("slotSubscribe"), int), "the connection lives on"


def test_a_ping_without_an_id__is_not_answered(ws: Socket) -> None:
    ws.connection.send('{"jsonrpc":"2.0","method":"ping","params":null}')
    assert isinstance(ws.ask("rootSubscribe"), int)
    assert isinstance(ws.ask("rootSubscribe"), int)


def test_a_message_that_is_too_long__ends_its_connection_alone(node: SolanaNode, ws: Socket) -> None:
    with connect(node.socket_url, close_timeout=1) as rude:
        rude.send("x" * (MESSAGE_BYTES_MAX + 1))
        with pytest.raises(ConnectionClosed):
            rude.recv(WAIT_S)
    assert isinstance(ws.ask("slotSubscribe"), int)


def test_too_many_subscriptions__are_refused(ws: Socket) -> None:
    for _ in range(SUBSCRIPTIONS_MAX):
        assert isinstance(ws.ask("logsSubscribe", {"mentions": [str(MEMO)]}), int)
    assert "Too many subscriptions" in ws.ask("logsSubscribe", "all")["message"]


def test_who_leaves_without_goodbye__is_forgotten(node: SolanaNode, rpc: JsonRpc, ws: Socket) -> None:
    with closing(socket.create_connection(("127.0.0.1", node.port))) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n")
        raw.sendall(b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 101")
    assert rpc.call("getHealth") == "ok"
    assert isinstance(ws.ask("slotSubscribe"), int)


def test_who_does_not_take_its_messages__is_ended_and_its_subscriptions_forgotten(tmp_path: Path) -> None:
    """The other side accepts nothing after the handshake; everybody's logs would pile up for it without end."""

    async def scenario() -> None:
        rpc = InProcess(tmp_path)
        publisher = rpc.face.publisher
        sockets, asked = SocketFace(rpc.bank, publisher, queue_max=50), asyncio.Queue[dict[str, Any]]()
        answered, stuck = asyncio.Event(), asyncio.Event()

        async def send_nothing(message: Any) -> None:
            if message["type"] == "websocket.send":
                answered.set()
                await stuck.wait()

        asked.put_nowait({"type": "websocket.connect"})
        subscribe = {"id": 1, "method": "logsSubscribe", "params": ["all"]}
        asked.put_nowait({"type": "websocket.receive", "text": json.dumps(subscribe)})
        serving, telling = asyncio.create_task(sockets(asked.get, send_nothing)), asyncio.create_task(publisher.run())
        await answered.wait()
        receiver = Keypair().pubkey()
        for number in range(50 + 2):
            rpc.bank.airdrop(receiver, number + SOL)
        await asyncio.wait_for(serving, WAIT_S)
        assert publisher.subscriptions == 0
        telling.cancel()
        rpc.close()

    asyncio.run(scenario())


class GatedLog(Log):
    """The same log on a disk that takes its time: a flush is done when the gate opens."""

    def __init__(self, log: Log) -> None:
        self.__dict__.update(log.__dict__)
        self.asked, self.gate = asyncio.Event(), asyncio.Event()

    async def durable(self) -> None:
        self.asked.set()
        await self.gate.wait()
        await super().durable()


@pytest.mark.parametrize("method", ["sendTransaction", "requestAirdrop", "openscrip_setClock", "getBalance"])
def test_nobody_is_answered_or_notified__before_the_disk_has_it(tmp_path: Path, method: str) -> None:
    async def scenario() -> None:
        rpc = InProcess(tmp_path)
        payer = rich(rpc)
        raw = signed(rpc, payer, payment(payer, Keypair().pubkey(), SOL))
        parameters = {
            "sendTransaction": [raw, {"encoding": "base64"}],
            "requestAirdrop": [str(payer.pubkey()), SOL],
            "openscrip_setClock": [2**31],
            "getBalance": [str(payer.pubkey())],
        }
        log = rpc.bank.log = GatedLog(rpc.bank.log)
        heard: list[bytes] = []
        publisher = rpc.face.publisher
        ear = Ear(heard)
        publisher.subscribe(ear, ("logs", None), {}, [])
        telling = asyncio.create_task(publisher.run())
        body = json.dumps({"id": 1, "method": method, "params": parameters[method]}).encode()

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def answered(message: Any) -> None:
            heard.append(message.get("body", b""))

        answering = asyncio.create_task(rpc.face({"type": "http", "method": "POST"}, receive, answered))
        await log.asked.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert heard == []
        log.gate.set()
        await asyncio.wait_for(answering, WAIT_S)
        assert any(b'"result"' in one for one in heard)
        if method in ("sendTransaction", "requestAirdrop"):
            await asyncio.wait_for(ear.told.wait(), WAIT_S)
        telling.cancel()
        rpc.close()

    asyncio.run(scenario())


class Ear:
    """A listener that keeps what it is told."""

    def __init__(self, heard: list[bytes]) -> None:
        self._heard, self.told = heard, asyncio.Event()

    def tell(self, message: bytes) -> None:
        self._heard.append(message)
        self.told.set()

    def ended(self, number: int) -> None:
        """Nothing to forget."""
