// The ways of orders through the book: in, against what rests, to rest, and out. Auctions and states have files of their own.
#include "book.hpp"

#include <algorithm>
#include <cstdlib>

namespace openscrip {

namespace {

constexpr auto number = [](auto word) { return static_cast<std::int64_t>(word); };

// `terms` and the force are kept apart: they matter only on the way in.
Taker taker_of(const Row& row) {
    Taker taker{row.id, row.owner, row.lots, row.lots, row.a, 0, row.until, static_cast<std::uint8_t>(row.side),
                static_cast<std::uint8_t>(row.self_trade()), row.post_only()};
    if (row.terms() == Terms::market) taker.post_only = 0, taker.until = 0;
    if (row.terms() == Terms::iceberg) taker.display = row.b;
    return taker;
}

bool is_priced(const Row& row) {
    const bool in_range = 0 < row.a && row.a <= price_max;
    const bool has_limit = 0 < row.b && row.b <= price_max, has_slippage = 0 <= row.b && row.b <= price_max;
    switch (row.terms()) {
        case Terms::limit: {
            const bool timed = row.force() == Force::gtd, kept = timed || row.force() == Force::gtc;
            return in_range && timed == (row.until > 0) && row.until >= 0 && (kept || !row.post_only());
        }
        case Terms::iceberg: return in_range && row.until >= 0;
        case Terms::market: return in_range && row.b >= 0;
        case Terms::stop:
        case Terms::take_profit:
        case Terms::trailing: return in_range && has_slippage && row.until >= 0;
        case Terms::stop_limit:
        case Terms::take_profit_limit: return in_range && has_limit && row.until >= 0;
        case Terms::trailing_limit: return in_range && std::llabs(row.b) <= price_max && row.until >= 0;
    }
    return false;
}

}  // namespace

Book::Book(int window_bits, std::size_t orders_max, std::size_t activations_max)
    : pen_(spill), pool_(orders_max), ids_(pool_.all()),
      ladders_{{pool_.all(), Side::buy, window_bits, is_unsettled_}, {pool_.all(), Side::sell, window_bits, is_unsettled_}},
      orders_max_(orders_max), activations_max_(activations_max) {}

// matching

// Trade while prices cross; whether the order still lives.
template <bool has_budget, bool is_deep>
[[gnu::always_inline]] inline bool Book::match(Pen& pen, Taker& taker, std::int64_t budget) {
    Ladder& opposite = ladder(1 - taker.side);
    const std::int64_t limit = opposite.key(taker.price);
    const bool is_heard = every_type && waiting_.any();
    while (opposite.best() <= limit) {
        const Slot slot = opposite.first();
        Order& maker = pool_[slot];
        if (every_type && maker.owner == taker.owner) [[unlikely]] {
            pen_ = pen;
            const bool goes_on = same_owner(taker, slot);
            pen = pen_;
            if (!goes_on) return false;
            continue;
        }
        const std::int64_t price = maker.price;
        std::int64_t lots = std::min(taker.left, maker.visible);
        if (has_budget) {
            lots = std::min(lots, budget / price);
            if (!lots) break;
            budget -= lots * price;
        }
        taker.left -= lots;
        maker.left -= lots;
        maker.visible -= lots;
        last = price;
        if (is_heard) prints_.push_back(price), hears();
        ids_.prefetch(maker.id);
        pen.tell(Kind::traded, taker.id, maker.id, taker.side, price, lots, taker.left, maker.left);
        if (!maker.left) {
            opposite.remove_first<is_deep>(maker, ids_);
            forget(slot);
        } else if (every_type && !maker.visible) [[unlikely]] {
            opposite.to_the_end(slot);
            pen_ = pen;
            refill(slot, false);
            pen = pen_;
        }
        if (!taker.left) break;
    }
    return true;
}

// plain orders

// Whether the book takes a plain order; `refusal` says why not.
inline bool Book::takes(const Row& row) const {
    const auto within = [](std::int64_t value, std::int64_t most) {
        return static_cast<std::uint64_t>(value - 1) < static_cast<std::uint64_t>(most);
    };
    return within(row.id - last_id, id_step_max) & within(row.lots, lots_max) & within(row.a, price_max)
        & (phase == Phase::continuous) & (resting_ + waiting_.count() < orders_max_);
}

template <bool is_deep>
[[gnu::noinline]] void Book::place_taking(const Row& row) {
    last_id = row.id;
    Taker taker{row.id, row.owner, row.lots, row.lots, row.a, 0, 0, static_cast<std::uint8_t>(row.side),
                static_cast<std::uint8_t>(row.flags >> 4), 0};
    Pen pen = pen_;
    pen.tell(Kind::accepted, taker.id, 0, taker.side, taker.price, taker.left, 0, 0);
    const bool lives = match<false, is_deep>(pen, taker, 0);
    if (lives && !taker.left) pen.tell(Kind::done, taker.id, 0, 0, 0, 0, 0, 0);
    pen_ = pen;
    if (lives && taker.left) rest<is_deep>(taker);
}

// Put a plain order in that trades with nobody yet: most do not.
template <bool is_deep>
[[gnu::always_inline]] inline void Book::place_plain(const Row& row) {
    const Ladder& opposite = ladders_[1 - row.side];
    if (opposite.best() <= opposite.key(row.a) || !pen_.has_room(2)) return place_taking<is_deep>(row);
    last_id = row.id;
    const Slot slot = pool_.take();
    Order& order = pool_[slot];
    order.id = row.id;
    order.owner = row.owner;
    order.left = order.visible = order.total = row.lots;
    order.price = static_cast<std::int32_t>(row.a);
    order.side = static_cast<std::uint8_t>(row.side);
    order.self_trade = static_cast<std::uint8_t>(row.flags >> 4);
    order.post_only = order.rare = 0;
    ids_.put(row.id, slot);
    ladders_[row.side].add<is_deep>(slot, order);
    ++resting_;
    Pen pen = pen_;
    pen.tell_in_room(Kind::accepted, row.id, 0, row.side, row.a, row.lots, 0, 0);
    pen.tell_in_room(Kind::rested, row.id, 0, row.side, row.a, row.lots, row.lots, 0);
    pen_ = pen;
}

[[gnu::always_inline]] inline void Book::cancel(std::int64_t id) {
    if (Slot* const link = ids_.link(id); *link != none) [[likely]] {
        const Slot slot = *link;
        const Order& order = pool_[slot];
        ended(order.id, order.side, order.price, order.left, Reason::by_owner);
        ids_.drop(link);
        ladders_[order.side].remove(order);
        release(slot, order);
    } else if (every_type && waiting_.find(id)) {
        disarm(id, Reason::by_owner);
    } else {
        refuse(Kind::cancel_rejected, id, Reason::unknown);
    }
}

// commands

template <bool is_deep>
[[gnu::always_inline]] inline bool Book::act(const Row& row) {
    if (row.is_cancel()) {
        cancel(row.id);
    } else if (row.is_plain() && takes(row)) [[likely]] {
        place_plain<is_deep>(row);
    } else if (row.is_known()) {
        apply_any(row);
    } else {
        return false;
    }
    if (is_unsettled_) [[unlikely]] settle();
    return true;
}

// What follows from a command: waiting orders fire, then the windows come after the prices.
[[gnu::noinline]] void Book::settle() {
    if (is_news_) fire();
    for (Ladder& ladder : ladders_) ladder.follow();
    is_unsettled_ = false;
}

template <bool is_deep>
[[gnu::noinline]] const Row* Book::run(const Row* row, const Row* to) {
    // Rows are fetched long before they are read, since they lie over the ends of pages, where processors stop to fetch by
    // themselves; and what a command will touch, while those before it are done.
    constexpr std::ptrdiff_t near = 8, far = 16;
    constexpr std::uintptr_t farthest = 64 * sizeof(Row);
    for (; row != to && !pen_.is_full(); ++row) {
        __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(row) + farthest));
        if (to - row > far) [[likely]] {
            ids_.prefetch(row[far].id);
            ids_.prefetch_order(row[near].id);
        }
        if (!act<is_deep>(*row)) break;
    }
    return row;
}

bool Book::apply(const Row& row) { return act<false>(row); }

const Row* Book::run(const Row* row, const Row* to) {
    return resting_ < deep_resting ? run<false>(row, to) : run<true>(row, to);
}

[[gnu::noinline]] void Book::apply_any(const Row& row) {
    switch (static_cast<Op>(row.op)) {
        case Op::place: return place(row);
        case Op::cancel: return;
        case Op::amend: return amend(row);
        case Op::expire: return expire(row.until);
        case Op::index:
            if (0 < row.a && row.a <= price_max) index = row.a, hears();
            return;
        case Op::enter: return enter(static_cast<Phase>(row.a));
        case Op::uncross: return uncross(row.a);
    }
}

// Cancel as the incoming order says; whether it goes on.
[[gnu::noinline, gnu::cold]] bool Book::same_owner(Taker taker, Slot maker) {
    const auto mode = static_cast<SelfTrade>(taker.self_trade);
    if (mode != SelfTrade::cancel_newest) remove(maker, Reason::self_trade);
    if (mode == SelfTrade::cancel_oldest) return true;
    ended(taker, Reason::self_trade);
    return false;
}

[[gnu::noinline]] void Book::refill(Slot slot, bool keeps) {
    Order& order = pool_[slot];
    order.visible = pool_.shown(slot);
    tell(Kind::refilled, order.id, order.side, order.price, order.visible, order.left, keeps);
}

// coming in

void Book::place(const Row& row) {
    const Reason reason = refusal(row);
    if (reason == Reason::id) return refuse(Kind::rejected, row.id, reason);
    last_id = row.id;
    if (reason != Reason::none) return refuse(Kind::rejected, row.id, reason);
    if (row.kind > number(Terms::market)) return place_waiting(row);
    Taker taker = taker_of(row);
    const bool is_limit = row.terms() == Terms::limit;
    if (is_limit && row.force() == Force::fok && !is_fillable(taker)) {
        return refuse(Kind::rejected, row.id, Reason::not_filled);
    }
    tell(Kind::accepted, row.id, row.side, taker.price, row.lots, 0, 0);
    const bool rests = row.terms() == Terms::iceberg || (is_limit && row.force() != Force::ioc);
    enter_book(taker, row.terms(), rests, row.terms() == Terms::market ? row.b : 0);
}

Reason Book::refusal(const Row& row) const {
    if (row.id <= last_id || row.id > last_id + id_step_max) return Reason::id;
    if (row.lots <= 0 || row.lots > lots_max) return Reason::quantity;
    const bool is_iceberg = row.terms() == Terms::iceberg, is_limit = row.terms() == Terms::limit;
    if (is_iceberg && (row.b <= 0 || row.b > row.lots)) return Reason::quantity;
    if (!is_priced(row)) return Reason::price;
    const bool at_once =
        row.terms() == Terms::market || (is_limit && (row.force() == Force::ioc || row.force() == Force::fok));
    if (phase == Phase::halted || (phase == Phase::call && at_once)) return Reason::phase;
    if (resting_ + waiting_.count() >= orders_max_) return Reason::full;
    if ((is_limit || is_iceberg) && row.post_only() && would_take(row.side, row.a)) return Reason::post_only;
    return Reason::none;
}

void Book::place_waiting(const Row& row) {
    Armed armed{row.id, row.owner, row.lots, 0, row.a, row.b, row.until, static_cast<Side>(row.side), row.terms(),
                row.reference(), row.self_trade()};
    if (!armed.trails()) armed.trigger = row.a;
    const std::int64_t price = armed.reference == Reference::last ? last : index;
    if (price) armed.trigger = armed.followed(price);
    tell(Kind::accepted, row.id, row.side, armed.trigger, row.lots, 0, 0);
    waiting_.put(armed);
    hears();
}

void Book::enter_book(Taker& taker, Terms terms, bool rests, std::int64_t budget) {
    if (terms == Terms::market && !ladder(1 - taker.side).any()) return ended(taker, Reason::no_liquidity);
    if (phase == Phase::continuous) {
        Pen pen = pen_;
        Taker met = taker;
        const bool lives = budget ? match<true, false>(pen, met, budget) : match<false, false>(pen, met, 0);
        pen_ = pen;
        if (!lives) return;
        taker.left = met.left;
    }
    if (!taker.left) return tell(Kind::done, taker.id, 0, 0, 0, 0, 0);
    if (!rests) return ended(taker, Reason::immediate);
    rest<false>(taker);
}

template <bool is_deep>
void Book::rest(const Taker& taker) {
    const Slot slot = put<is_deep>(taker);
    tell(Kind::rested, taker.id, taker.side, taker.price, pool_[slot].visible, taker.left, 0);
}

// Put an order at the end of its price.
template <bool is_deep>
Slot Book::put(const Taker& taker) {
    const Slot slot = pool_.take();
    Order& order = pool_[slot];
    order = Order{taker.id, taker.owner, taker.left, 0, taker.total, none, none, none, static_cast<std::int32_t>(taker.price),
                  taker.side, taker.self_trade, taker.post_only, static_cast<std::uint8_t>((taker.until > 0) | (taker.display > 0) << 1), none};
    if (order.rare) pool_.rare(slot) = {taker.display, taker.until};
    if (order.is_timed()) timed_.emplace(taker.until, taker.id);
    order.visible = pool_.shown(slot);
    ids_.put(taker.id, slot);
    ladder(taker.side).add<is_deep>(slot, order);
    ++resting_;
    return slot;
}

template Slot Book::put<true>(const Taker& taker);  // for states that are loaded

bool Book::is_fillable(const Taker& taker) const {
    std::int64_t missing = taker.left;
    const bool ends_at_own = static_cast<SelfTrade>(taker.self_trade) != SelfTrade::cancel_oldest;
    ladders_[1 - taker.side].each_line([&](std::int64_t price, const Line& line) {
        if (!reaches(static_cast<Side>(taker.side), taker.price, price)) return false;
        std::int64_t hidden = 0;
        for (Slot slot = line.head; slot != none; slot = pool_[slot].next) {
            const Order& order = pool_[slot];
            if (order.owner == taker.owner) {
                if (ends_at_own) return false;
                continue;
            }
            missing -= order.visible;
            hidden += order.left - order.visible;
        }
        missing -= hidden;
        return missing > 0;
    });
    return missing <= 0;
}

// waiting orders

[[gnu::noinline]] void Book::fire() {
    std::size_t count = 0;
    collect();
    while (!fired_.empty()) {
        if (++count > activations_max_) {
            for (const auto& [armed, price] : fired_) waiting_.put(armed);
            fired_.clear();
            return set_phase(Phase::halted);
        }
        const auto [armed, price] = fired_.front();
        fired_.pop_front();
        const auto side = static_cast<std::uint8_t>(armed.side);
        tell(Kind::triggered, armed.id, side, price, 0, 0, 0);
        const bool limit = armed.becomes_limit();
        Taker taker{armed.id, armed.owner, armed.lots, armed.lots, armed.enters_at(price), 0, limit ? armed.until : 0, side,
                    static_cast<std::uint8_t>(armed.self_trade), 0};
        enter_book(taker, limit ? Terms::limit : Terms::market, limit, 0);
        collect();
    }
}

void Book::collect() {
    is_news_ = false;
    if (phase != Phase::continuous || !waiting_.any()) return prints_.clear();
    const auto hear = [&](std::int64_t price, Reference reference) {
        waiting_.hear(price, reference, [&](const Armed& armed) { fired_.emplace_back(armed, price); });
    };
    for (const std::int64_t price : prints_) hear(price, Reference::last);
    prints_.clear();
    if (last) hear(last, Reference::last);
    if (index) hear(index, Reference::index);
}

// going out

void Book::disarm(std::int64_t id, Reason reason) {
    const Armed armed = waiting_.take(id);
    tell(Kind::cancelled, id, number(armed.side), armed.trigger, 0, armed.lots, number(reason));
}

void Book::expire(std::int64_t now) {
    std::vector<std::int64_t> due;
    for (auto at = timed_.begin(); at != timed_.end() && at->first <= now; ++at) due.push_back(at->second);
    for (const auto& [id, armed] : waiting_.all()) {
        if (0 < armed.until && armed.until <= now) due.push_back(id);
    }
    std::sort(due.begin(), due.end());
    for (const std::int64_t id : due) {
        if (const Slot slot = ids_.find(id); slot != none) {
            remove(slot, Reason::expired);
        } else {
            disarm(id, Reason::expired);
        }
    }
}

}  // namespace openscrip
