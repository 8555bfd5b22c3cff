"""One decision at the desk from its form to its answer: who may, which act, once, and what was refused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from openscrip.kernel.errors import Refused, refuse_unless
from openscrip.web.office import Office
from openscrip.web.pages.desk_acts import Act, Decided, act_of, may_of
from openscrip.web.shell.current import shell_of
from openscrip.web.shell.forms import Form, Invalid, once, read
from openscrip.web.shell.render import redirect
from openscrip.web.shell.visitors import operator


def _always(_office: Office) -> None:
    return


@dataclass(frozen=True, slots=True)
class Deciding:
    """How one kind of thing is decided about."""

    kind: str
    acts: Sequence[Act]
    model: type[Decided]
    carry_out: Callable[[Office, Act, Decided, str], None]
    """Does it in a person's name, and writes down who did."""
    item_page: Callable[[Request, str, Form], Response]
    """The page of the thing, with what was filled in and what is wrong with it."""
    refused_at: Callable[[Refused], str]
    """The field beside which a refusal is told; empty for one that has a page of its own."""
    is_command: bool = False
    refuse_unless_ready: Callable[[Office], None] = _always

    def route(self, request: Request) -> Response:
        """Decide about one thing of this kind, and write down who did, once."""
        me, office = operator(request, *may_of(self.acts)), shell_of(request).office
        self.refuse_unless_ready(office)
        try:
            told = read(request, self.model, f"desk-{self.kind}")
        except Invalid as wrong:
            return self.item_page(request, str(wrong.values.get("id", "")), Form(wrong.values, wrong.errors))
        act = act_of(self.acts, told.word)
        refuse_unless(bool(me.roles & set(act.roles)), "role.missing", f"role: this needs {' or '.join(act.roles)}")

        def do(_request_id: str) -> Response:
            self.carry_out(office, act, told, me.name)
            # A command that is tried again may be done, and gone, before its page is shown.
            place = f"/desk/queues/{self.kind}" if self.is_command else f"/desk/items/{self.kind}/{told.id}"
            return redirect(request, place)

        try:
            return once(request, f"desk-{self.kind}", told, do)
        except Refused as refusal:
            where = self.refused_at(refusal)
            if not where:
                raise
            return self.item_page(request, told.id, Form(told.model_dump(), {where: refusal.text}))
