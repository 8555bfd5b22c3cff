"""The paper broker as a process: `python -m openscrip.assets.brokers.paper_server --data DIR --port N`."""

from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette

from openscrip.assets.broker import Order
from openscrip.assets.brokers.paper_core import PaperBroker
from openscrip.assets.listings import broker_announcements, daily_closes
from openscrip.assets.notice import Notice
from openscrip.assets.paper import CashIn, Transfer
from openscrip.assets.paper_http import (
    application,
    calendar_day,
    clock_state,
    event_page,
    get,
    post,
    process_arguments,
    run,
    serve,
    start_time,
)
from openscrip.assets.paper_log import Command, InputLog, PaperShell
from openscrip.assets.wire import to_json
from openscrip.kernel.errors import Refused

COMMANDS: Mapping[str, Command[PaperBroker]] = {
    "order": Command(Order, lambda core, order: core.place(order)),
    "deliver": Command(Transfer, lambda core, transfer: core.deliver(transfer)),
    "receive": Command(Transfer, lambda core, transfer: core.receive(transfer)),
    "pay_in": Command(CashIn, lambda core, cash: core.pay_in(cash)),
    "announce": Command(Notice, lambda core, notice: core.announce(notice)),
}


def broker_app(shell: PaperShell[PaperBroker]) -> Starlette:
    """The routes of the paper broker."""

    def order(client_order_id: str) -> dict[str, object]:
        progress = shell.core().order(client_order_id)
        if progress is None:
            raise Refused("order.unknown", f"order: {client_order_id:.80} was never received")
        return to_json(progress)

    def positions() -> dict[str, object]:
        core = shell.core()
        return {"positions": [to_json(each) for each in core.positions().values()], "cash": str(core.cash)}

    def done(name: str, body: object) -> dict[str, object]:
        shell.perform(name, body)
        return {"done": True}

    return application(
        [
            post("/v1/orders", lambda _, body: to_json(shell.perform("order", body))),
            get("/v1/orders/{id:path}", lambda path, _: order(path["id"])),
            get("/v1/events", lambda _, query: event_page(shell.core(), query)),
            get("/v1/positions", lambda *_: positions()),
            post("/v1/deliveries", lambda _, body: to_json(shell.perform("deliver", body))),
            post("/v1/receipts", lambda _, body: to_json(shell.perform("receive", body))),
            post("/v1/deposits", lambda _, body: to_json(shell.perform("pay_in", body))),
            get("/v1/calendar", lambda _, query: calendar_day(shell.core().calendar, query)),
            post("/v1/clock", lambda _, body: clock_state(shell.push_clock(body))),
            get("/v1/clock", lambda *_: clock_state(shell.core())),
            get("/v1/health", lambda *_: {"ok": True, "name": "paper-broker", **clock_state(shell.core())}),
            post("/v1/paper/faults", lambda _, body: done("switches", body)),
            post("/v1/paper/notices", lambda _, body: done("announce", body)),
        ]
    )


def broker_shell(data: Path, start_at: int, *, live: bool = False) -> PaperShell[PaperBroker]:
    """The broker whose store lies in the folder `data`; a new one starts at market time `start_at`."""
    log = InputLog(data / "broker.sqlite")
    started_at = log.started_at(start_at)
    return PaperShell(log, lambda: PaperBroker(started_at, daily_closes(), broker_announcements()), COMMANDS, live=live)


def main() -> None:
    """Read the arguments and serve."""
    arguments = process_arguments("paper-broker").parse_args()
    shell = broker_shell(arguments.data, start_time(arguments), live=arguments.live)
    shell.core()
    serve(broker_app(shell), "paper-broker", arguments)
    shell.close()


if __name__ == "__main__":
    run(main)
