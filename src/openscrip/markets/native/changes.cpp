// Changes to orders that rest and to orders that wait; an order that loses its place comes in again.
#include <algorithm>

#include "book.hpp"

namespace openscrip {

void Book::amend(const Row& row) {
    if (const Slot slot = ids_.find(row.id); slot != none) {
        amend_resting(slot, row);
    } else if (Armed* armed = waiting_.find(row.id)) {
        amend_waiting(*armed, row);
    } else {
        refuse(Kind::amend_rejected, row.id, Reason::unknown);
    }
}

void Book::amend_resting(Slot slot, const Row& row) {
    Order& order = pool_[slot];
    const std::int64_t shown_most = pool_.display(slot);
    const std::int64_t total = row.lots ? row.lots : order.total, left = total - (order.total - order.left);
    const std::int64_t price = row.a ? row.a : order.price, display = row.b ? row.b : shown_most;
    const bool keeps = price == order.price && left <= order.left && display <= shown_most;
    Reason reason = Reason::none;
    if (row.lots < 0 || row.lots > lots_max || row.b < 0 || row.b > lots_max || (row.b && !shown_most)) {
        reason = Reason::quantity;
    } else if (row.a < 0 || row.a > price_max || row.until) {
        reason = Reason::price;
    } else if (phase == Phase::halted && !keeps) {
        reason = Reason::phase;
    } else if (!keeps && order.post_only && would_take(order.side, price)) {
        reason = Reason::post_only;
    }
    if (reason != Reason::none) return refuse(Kind::amend_rejected, row.id, reason);
    if (left <= 0) return remove(slot, Reason::filled_more);
    if (keeps) {
        order.left = left;
        order.total = total;
        if (order.is_iceberg()) pool_.rare(slot).display = display;
        order.visible = std::min({order.visible, left, display ? display : left});
        return tell(Kind::amended, order.id, order.side, price, order.visible, left, 1);
    }
    Taker moved{order.id, order.owner, left, total, price, display, pool_.until(slot), order.side, order.self_trade,
                order.post_only};
    remove(slot);
    tell(Kind::amended, moved.id, moved.side, price, 0, left, 0);
    enter_book(moved, Terms::limit, true, 0);
}

void Book::amend_waiting(Armed& armed, const Row& row) {
    const std::int64_t price_to = armed.is_priced() ? price_max : 0, trigger_to = armed.trails() ? 0 : price_max;
    Reason reason = Reason::none;
    if (row.lots < 0 || row.lots > lots_max || row.b) {
        reason = Reason::quantity;
    } else if (row.a < 0 || row.a > price_to || row.until < 0 || row.until > trigger_to) {
        reason = Reason::price;
    } else if (phase == Phase::halted && row.lots > armed.lots) {
        reason = Reason::phase;
    }
    if (reason != Reason::none) return refuse(Kind::amend_rejected, row.id, reason);
    if (row.lots) armed.lots = row.lots;
    if (row.a) armed.b = row.a;
    if (row.until) waiting_.set_trigger(armed, row.until);
    hears();
    tell(Kind::amended, armed.id, static_cast<std::int64_t>(armed.side), armed.trigger, 0, armed.lots, 1);
}

}  // namespace openscrip
