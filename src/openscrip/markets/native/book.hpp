// The native book: what book.py says, event for event, in integers, without a clock, on memory taken at construction.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "ladder.hpp"
#include "orders.hpp"
#include "told.hpp"
#include "waiting.hpp"
#include "words.hpp"

namespace openscrip {

// An order on its way through the book.
struct Taker {
    std::int64_t id, owner, left, total, price, display, until;
    std::uint8_t side, self_trade, post_only;
};

class Book {
public:
    Book(int window_bits, std::size_t orders_max, std::size_t activations_max);
    Book(const Book&) = delete;
    Book& operator=(const Book&) = delete;

    // Do one command; its events go where `tell_to` says as far as there is room, the rest to `spill`. False: it was none.
    bool apply(const Row& row);
    // Do commands until there are no more, the room for events ends, or one is none; the first that was not done.
    const Row* run(const Row* from, const Row* to);

    // Where events go next: [from, to).
    void tell_to(Event* from, Event* to) { pen_.move_to(from, to); }
    Event* told() const { return pen_.out(); }
    std::vector<Event> spill;

    std::vector<std::int64_t> state() const;
    void load(const std::vector<std::int64_t>& numbers);
    std::vector<std::pair<std::int64_t, std::int64_t>> depth(Side side, std::size_t levels) const;

    Phase phase = Phase::continuous;
    std::int64_t last = 0, index = 0, last_id = 0;
    std::int64_t sequence() const { return pen_.sequence(); }
    std::uint64_t digest() const { return pen_.digest(); }
    std::size_t resting() const { return resting_; }
    std::size_t waiting() const { return waiting_.count(); }

private:
    Ladder& ladder(std::uint8_t side) { return ladders_[side]; }
    Ladder& bids() { return ladders_[0]; }
    Ladder& asks() { return ladders_[1]; }
    bool is_crossed() {
        return bids().any() && asks().any() && bids().best_price() >= asks().best_price();
    }
    void tell(Kind kind, std::int64_t order, std::int64_t side, std::int64_t price, std::int64_t lots, std::int64_t left,
              std::int64_t detail) {
        pen_.tell(kind, order, 0, side, price, lots, left, detail);
    }
    void refuse(Kind kind, std::int64_t order, Reason reason) {
        tell(kind, order, 0, 0, 0, 0, static_cast<std::int64_t>(reason));
    }
    void ended(std::int64_t id, std::uint8_t side, std::int64_t price, std::int64_t left, Reason reason) {
        tell(Kind::cancelled, id, side, price, 0, left, static_cast<std::int64_t>(reason));
    }
    void ended(const Taker& taker, Reason reason) { ended(taker.id, taker.side, taker.price, taker.left, reason); }

    bool takes(const Row& row) const;
    template <bool is_deep>
    const Row* run(const Row* from, const Row* to);
    template <bool is_deep>
    void place_plain(const Row& row);
    template <bool is_deep>
    void place_taking(const Row& row);
    void cancel(std::int64_t id);
    template <bool is_deep>
    bool act(const Row& row);
    void apply_any(const Row& row);

    void place(const Row& row);
    Reason refusal(const Row& row) const;
    void place_waiting(const Row& row);
    bool would_take(std::int64_t side, std::int64_t limit) const {
        const Ladder& opposite = ladders_[1 - side];
        return phase == Phase::continuous && opposite.best() <= opposite.key(limit);
    }
    void enter_book(Taker& taker, Terms terms, bool rests, std::int64_t budget);
    template <bool has_budget, bool is_deep>
    bool match(Pen& pen, Taker& taker, std::int64_t budget);
    bool same_owner(Taker taker, Slot maker);
    void refill(Slot slot, bool keeps);
    bool is_fillable(const Taker& taker) const;
    template <bool is_deep>
    void rest(const Taker& taker);
    template <bool is_deep>
    Slot put(const Taker& taker);
    // Take out an order, and as what it ended.
    void remove(Slot slot);
    void remove(Slot slot, Reason reason);
    void forget(Slot slot);
    void release(Slot slot, const Order& order);

    void hears() { is_news_ = is_unsettled_ = true; }
    void settle();
    void fire();
    void collect();
    void expire(std::int64_t now);
    void disarm(std::int64_t id, Reason reason);
    void amend(const Row& row);
    void amend_resting(Slot slot, const Row& row);
    void amend_waiting(Armed& armed, const Row& row);
    void set_phase(Phase next);
    void enter(Phase next);
    void uncross(std::int64_t reference);
    bool drop_post_only();
    void pair(std::int64_t price, std::int64_t lots);

    // From so many orders on they fill the processor's own caches, and those that trade next are fetched beforehand.
    static constexpr std::size_t deep_resting = std::size_t{1} << 14;
    // Whether anything is to be done after the command: the one question that every command asks.
    bool is_unsettled_ = false;
    Pen pen_;
    Pool pool_;
    Ids ids_;
    Ladder ladders_[2];
    Waiting waiting_;
    std::set<std::pair<std::int64_t, std::int64_t>> timed_;  // (until, id) of what rests with an end
    std::vector<std::int64_t> prints_;
    std::deque<std::pair<Armed, std::int64_t>> fired_;
    std::size_t resting_ = 0, orders_max_, activations_max_;
    // What is left to do between commands. News: prices may have moved, or who waits for them changed.
    bool is_news_ = false;
};

// What follows from an order being out of its line, and out of the index of ids.
inline void Book::forget(Slot slot) {
    const Order& order = pool_[slot];
    ids_.drop(order.id, slot);
    release(slot, order);
}

inline void Book::release(Slot slot, const Order& order) {
    if (every_type && order.is_timed()) [[unlikely]] timed_.erase({pool_.until(slot), order.id});
    --resting_;
    pool_.give_back(slot);
}

inline void Book::remove(Slot slot) {
    const Order& order = pool_[slot];
    ladder(order.side).remove(order);
    forget(slot);
}

inline void Book::remove(Slot slot, Reason reason) {
    const Order& order = pool_[slot];
    ended(order.id, order.side, order.price, order.left, reason);
    remove(slot);
}

}  // namespace openscrip
