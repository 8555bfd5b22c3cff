// Where events are written: a buffer of the caller's, and what it has no room for to a list of the book's own.
#pragma once

#include <cstdint>
#include <vector>

#include "words.hpp"

namespace openscrip {

// Copied into a function and back, so that its numbers stay in registers while events are written.
class Pen {
public:
    explicit Pen(std::vector<Event>& spill) : spill_(&spill) {}

    // Where events go next: [from, to).
    void move_to(Event* from, Event* to) {
        before_ += out_ - from_;
        from_ = out_ = from;
        to_ = to;
    }
    Event* out() const { return out_; }
    bool is_full() const { return out_ == to_; }
    bool has_room(std::ptrdiff_t events) const { return to_ - out_ >= events; }
    // How many events there were.
    std::int64_t sequence() const { return before_ + (out_ - from_); }
    std::uint64_t digest() const { return digest_; }
    void go_on_from(std::int64_t sequence, std::uint64_t digest) { before_ = sequence - (out_ - from_), digest_ = digest; }

    [[gnu::always_inline]] void tell(Kind kind, std::int64_t order, std::int64_t other, std::int64_t side, std::int64_t price,
                                     std::int64_t lots, std::int64_t left, std::int64_t detail) {
        if (out_ != to_) [[likely]] return tell_in_room(kind, order, other, side, price, lots, left, detail);
        const Event event{static_cast<std::int64_t>(kind), order, other, side, price, lots, left, detail};
        digest_ = folded(digest_, event);
        ++before_;
        keep(*spill_, event);
    }
    // The same where the caller saw that there is room.
    [[gnu::always_inline]] void tell_in_room(Kind kind, std::int64_t order, std::int64_t other, std::int64_t side,
                                             std::int64_t price, std::int64_t lots, std::int64_t left, std::int64_t detail) {
        const Event event{static_cast<std::int64_t>(kind), order, other, side, price, lots, left, detail};
        digest_ = folded(digest_, event);
        *out_++ = event;
    }

private:
    [[gnu::noinline, gnu::cold]] static void keep(std::vector<Event>& spill, Event event) { spill.push_back(event); }

    Event* out_ = nullptr;
    Event* to_ = nullptr;
    std::uint64_t digest_ = hash_start;
    Event* from_ = nullptr;
    std::int64_t before_ = 0;
    std::vector<Event>* spill_;
};

}  // namespace openscrip
