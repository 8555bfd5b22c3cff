// The words of the book: sides, commands as rows, events as rows. The numbers are those of orders.py, events.py and rows.py.
#pragma once

#include <cstdint>

namespace openscrip {

enum class Side : std::uint8_t { buy = 0, sell = 1 };
enum class SelfTrade : std::uint8_t { cancel_newest = 0, cancel_oldest = 1, cancel_both = 2 };
enum class Force : std::uint8_t { gtc = 0, ioc = 1, fok = 2, gtd = 3 };
enum class Phase : std::uint8_t { continuous = 0, call = 1, halted = 2 };
enum class Reference : std::uint8_t { last = 0, index = 1 };
enum class Op : std::int64_t { place = 1, cancel, amend, expire, index, enter, uncross };
enum class Terms : std::uint8_t {
    limit = 0, iceberg, market, stop, stop_limit, take_profit, take_profit_limit, trailing, trailing_limit
};

enum class Kind : std::int64_t {
    accepted = 1, rejected, traded, refilled, rested, done, cancelled, triggered, amended, cancel_rejected,
    amend_rejected, phase, uncrossed
};

enum class Reason : std::int64_t {
    none = 0, id, quantity, price, phase, post_only, not_filled, immediate, no_liquidity, self_trade, by_owner, expired,
    unknown, filled_more, crossed, full
};

constexpr std::int64_t price_max = (std::int64_t{1} << 31) - 1;
constexpr std::int64_t lots_max = (std::int64_t{1} << 48) - 1;
constexpr std::int64_t id_step_max = std::int64_t{1} << 20;

// A book of limit orders alone is built to measure what the others cost; see bench/book.py.
#ifdef OPENSCRIP_LIMITS_ALONE
constexpr bool every_type = false;
#else
constexpr bool every_type = true;
#endif

constexpr Side other(Side side) { return side == Side::buy ? Side::sell : Side::buy; }

constexpr bool reaches(Side side, std::int64_t limit, std::int64_t price) {
    return side == Side::buy ? price <= limit : price >= limit;
}

// A command; see rows.py for what each column means.
struct Row {
    std::int64_t op, id, owner, side, kind, lots, a, b, flags, until;

    Force force() const { return static_cast<Force>(flags & 3); }
    bool post_only() const { return flags & 4; }
    Reference reference() const { return flags & 8 ? Reference::index : Reference::last; }
    SelfTrade self_trade() const { return static_cast<SelfTrade>(flags >> 4); }
    Terms terms() const { return static_cast<Terms>(kind); }
    // Whether it is a limit order until cancelled, with nothing special about it: the most frequent of all by far.
    bool is_plain() const {
        return !((op ^ static_cast<std::int64_t>(Op::place)) | kind | until | (side & ~1) | (flags & ~0x30)) && flags != 0x30;
    }
    bool is_cancel() const { return op == static_cast<std::int64_t>(Op::cancel); }
    // Whether every column holds what it can hold at all; whether an order is acceptable is the book's to say.
    bool is_known() const {
        if (op != static_cast<std::int64_t>(Op::place)) {
            return op > 0 && op <= static_cast<std::int64_t>(Op::uncross)
                && (op != static_cast<std::int64_t>(Op::enter) || (a >= 0 && a <= 2));
        }
        return (side == 0 || side == 1) && kind >= 0 && kind <= 8 && flags >= 0 && (flags >> 4) <= 2;
    }
};
static_assert(sizeof(Row) == 80);

// What happened; see events.py for what each column means.
struct Event {
    std::int64_t kind, order, other, side, price, lots, left, detail;
};
static_assert(sizeof(Event) == 64);

constexpr std::uint64_t hash_start = 0xCBF29CE484222325;

// The running hash: independent products, so that the processor works them out side by side.
inline std::uint64_t folded(std::uint64_t digest, const Event& event) {
    const auto times = [](std::int64_t number, std::uint64_t factor) { return static_cast<std::uint64_t>(number) * factor; };
    const std::uint64_t total = times(event.kind, 0x9E3779B97F4A7C15) + times(event.order, 0xC2B2AE3D27D4EB4F)
        + times(event.other, 0x165667B19E3779F9) + times(event.side, 0xD6E8FEB86659FD93)
        + times(event.price, 0xA0761D6478BD642F) + times(event.lots, 0xE7037ED1A0B428DB)
        + times(event.left, 0x8EBC6AF09C88C6E3) + times(event.detail, 0x589965CC75374CC3);
    const std::uint64_t turned = (digest << 23) | (digest >> 41);
    return (turned ^ total) * 0x100000001B3;
}

}  // namespace openscrip
