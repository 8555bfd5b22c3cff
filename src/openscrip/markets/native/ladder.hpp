// One side of the book: a window of price levels with a bitmap of those in use, and a map for prices beyond the window.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "orders.hpp"
#include "words.hpp"

namespace openscrip {

// The orders of one price, in line.
struct Line {
    Slot head = none, tail = none;
};

// In a deep book: the last orders that came to a price, newest first.
struct Latest {
    Slot slots[4];
};

// Which levels are in use: words of 64 bits, and above them words that say which of those are not zero.
class Bitmap {
public:
    static constexpr std::size_t nothing = ~std::size_t{0};

    explicit Bitmap(int bits) : leaf_(words(std::size_t{1} << bits)), mid_(words(leaf_.size())), top_(0) {}

    void set(std::size_t at) {
        std::uint64_t& leaf = leaf_[at >> 6];
        if (!leaf) mid_[at >> 12] |= bit(at >> 6), top_ |= bit(at >> 12);
        leaf |= bit(at);
    }
    void clear(std::size_t at) {
        if ((leaf_[at >> 6] &= ~bit(at)) || (mid_[at >> 12] &= ~bit(at >> 6))) return;
        top_ &= ~bit(at >> 12);
    }
    // The first level in use from `at` on. Lowest bits first: processors find those fastest.
    std::size_t next(std::size_t at) const {
        if (const std::uint64_t leaf = leaf_[at >> 6] & from(at)) return lowest(at >> 6, leaf);
        const std::size_t word = (at >> 6) + 1;
        if (word == leaf_.size()) return nothing;
        if (const std::uint64_t mid = mid_[word >> 6] & from(word)) return in(lowest(word >> 6, mid));
        const std::size_t above = (word >> 6) + 1;
        if (above == mid_.size()) return nothing;
        const std::uint64_t top = top_ & from(above);
        if (!top) return nothing;
        const std::size_t mid = lowest(0, top);
        return in(lowest(mid, mid_[mid]));
    }

private:
    static constexpr std::uint64_t bit(std::size_t at) { return std::uint64_t{1} << (at & 63); }
    static constexpr std::uint64_t from(std::size_t at) { return ~std::uint64_t{0} << (at & 63); }
    static constexpr std::size_t words(std::size_t bits) { return (bits + 63) >> 6; }
    static std::size_t lowest(std::size_t word, std::uint64_t bits) {
        return (word << 6) + static_cast<std::size_t>(std::countr_zero(bits));
    }
    std::size_t in(std::size_t leaf) const { return lowest(leaf, leaf_[leaf]); }

    std::vector<std::uint64_t> leaf_, mid_;
    std::uint64_t top_;
};

// Prices are turned into keys of which the lowest trades first, so that both sides are the same code: a bid's key is the
// complement of its price, an ask's the price. The window has 2^bits keys (6 to 18); what lies beyond works the same.
class alignas(256) Ladder {
public:
    static constexpr std::int64_t nobody = std::numeric_limits<std::int64_t>::max();

    Ladder(Order* orders, Side side, int bits, bool& is_unsettled)
        : flip_(side == Side::buy ? -1 : 0), width_(std::uint64_t{1} << bits), orders_(orders), room_(width_), lines_(room_.all()),
          used_(bits), is_unsettled_(is_unsettled), latest_(width_) {}

    std::int64_t key(std::int64_t price) const { return price ^ flip_; }
    bool any() const { return best_ != nobody; }
    // The key that trades first; above every other if there is none.
    std::int64_t best() const { return best_; }
    // Its price; 0 if there is none.
    std::int64_t best_price() const { return any() ? key(best_) : 0; }
    Slot first() const { return line_->head; }
    // Whether the best price is near the window's edge or beyond it.
    bool is_far() const { return any() && place(best_) - width_ / 8 >= width_ - width_ / 4; }

    // In a deep book those that trade next are long out of the processor's caches, and each is named by the one before it
    // alone, so that every trade would wait for memory. So each order also says who came fourth after it. Orders go out in
    // between, and their places are given to others: this is told to nobody but the memory.
    template <bool is_deep>
    void add(Slot slot, Order& order) {
        const std::int64_t at = key(order.price);
        Line& line = line_of(at);
        if (is_deep && in_window(at)) [[likely]] {
            auto& [first, second, third, fourth] = latest_[place(at)].slots;
            order.later = none;
            orders_[fourth].later = slot;
            fourth = third, third = second, second = first, first = slot;
        }
        const Slot tail = line.tail;
        line.tail = slot;
        order.next = none;
        order.prev = tail;
        if (tail != none) {
            orders_[tail].next = slot;
            return;
        }
        line.head = slot;
        if (in_window(at)) used_.set(place(at));
        if (at < best_) stands(at, &line);
    }
    void remove(const Order& order) {
        const std::int64_t at = key(order.price);
        Line& line = line_of(at);
        unlink(line, order);
        if (line.head == none) emptied(at);
    }
    // The same of the order that trades first.
    template <bool is_deep>
    void remove_first(const Order& order, [[maybe_unused]] const Ids& ids) {
        Line& line = *line_;
        Order& heir = orders_[order.next];
        line.head = order.next;
        heir.prev = none;
        // The one after it is fetched now, to be there once it is first.
        if (is_deep) {
            __builtin_prefetch(&orders_[order.later], 1);
            ids.prefetch(heir.id);
        } else {
            __builtin_prefetch(&orders_[heir.next], 1);
        }
        if (order.next != none) return;
        line.tail = none;
        emptied(best_);
    }
    // The order that trades first goes to the end of its price.
    void to_the_end(Slot slot) {
        Order& order = orders_[slot];
        Line& line = *line_;
        if (line.tail == slot) return;
        unlink(line, order);
        order.next = none;
        order.prev = line.tail;
        orders_[line.tail].next = slot;
        line.tail = slot;
    }
    // Each line from the best price on, until `visit(price, line)` says false.
    template <class Visit>
    void each_line(Visit visit) const {
        auto there = beyond_.begin();
        std::size_t at = used_.next(0);
        while (at != Bitmap::nothing || there != beyond_.end()) {
            if (at == Bitmap::nothing || (there != beyond_.end() && there->first < key_at(at))) {
                if (!visit(key(there->first), there->second)) return;
                ++there;
            } else {
                if (!visit(key(key_at(at)), lines_[at])) return;
                at = at + 1 < width_ ? used_.next(at + 1) : Bitmap::nothing;
            }
        }
    }
    // Between commands: bring the window to where trading is.
    void follow() {
        if (is_far()) move_to(best_ - static_cast<std::int64_t>(width_ / 2));
    }

private:
    std::size_t place(std::int64_t at) const { return static_cast<std::size_t>(at - base_); }
    std::int64_t key_at(std::size_t place) const { return base_ + static_cast<std::int64_t>(place); }
    bool in_window(std::int64_t at) const { return place(at) < width_; }
    Line& line_of(std::int64_t at) { return in_window(at) ? lines_[place(at)] : beyond_[at]; }
    void unlink(Line& line, const Order& order) {
        const Slot next = order.next, prev = order.prev;
        orders_[prev].next = next;
        orders_[next].prev = prev;
        line.head = prev == none ? next : line.head;
        line.tail = next == none ? prev : line.tail;
    }
    void stands(std::int64_t at, Line* line) {
        best_ = at;
        line_ = line;
        __builtin_prefetch(&orders_[line->head], 1);
        if (is_far()) [[unlikely]] is_unsettled_ = true;
    }
    void emptied(std::int64_t at) {
        if (in_window(at)) [[likely]] {
            used_.clear(place(at));
        } else {
            beyond_.erase(at);
        }
        if (at != best_) return;
        // Within the window nothing lies before the best, so the search goes on from where it stood.
        if (in_window(at) && beyond_.empty()) [[likely]] {
            const std::size_t next = used_.next(place(at));
            if (next != Bitmap::nothing) [[likely]] return stands(key_at(next), &lines_[next]);
        }
        find_best();
    }
    [[gnu::noinline]] void find_best() {
        best_ = nobody;
        line_ = nullptr;
        const std::size_t next = used_.next(0);
        if (next != Bitmap::nothing) stands(key_at(next), &lines_[next]);
        if (!beyond_.empty() && beyond_.begin()->first < best_) stands(beyond_.begin()->first, &beyond_.begin()->second);
    }
    void move_to(std::int64_t base) {
        for (std::size_t at = used_.next(0); at != Bitmap::nothing; at = used_.next(at)) {
            beyond_.emplace(key_at(at), lines_[at]);
            lines_[at] = Line{};
            used_.clear(at);
        }
        base_ = base;
        auto there = beyond_.lower_bound(base);
        while (there != beyond_.end() && in_window(there->first)) {
            lines_[place(there->first)] = there->second;
            used_.set(place(there->first));
            there = beyond_.erase(there);
        }
        find_best();
    }

    std::int64_t best_ = nobody, base_ = 0, flip_;
    std::uint64_t width_;
    Order* orders_;
    Line* line_ = nullptr;
    Room<Line> room_;
    Line* lines_;
    Bitmap used_;
    std::map<std::int64_t, Line> beyond_;
    bool& is_unsettled_;
    Room<Latest> latest_;
};

}  // namespace openscrip
