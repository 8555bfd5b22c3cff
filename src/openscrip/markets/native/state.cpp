// A book's whole state as one list of integers (see state.py), and what it shows.
#include <algorithm>
#include <stdexcept>

#include "book.hpp"

namespace openscrip {

namespace {
constexpr std::int64_t form = 1;
constexpr std::size_t head = 7, order_width = 9, waiting_width = 11;
}  // namespace

std::vector<std::int64_t> Book::state() const {
    std::vector<std::int64_t> numbers{form, static_cast<std::int64_t>(phase), last, index, last_id, pen_.sequence(),
                                      static_cast<std::int64_t>(pen_.digest())};
    const auto put_line = [&](const Line& line) {
        std::int64_t count = 0;
        for (Slot slot = line.head; slot != none; slot = pool_[slot].next, ++count) {
            const Order& order = pool_[slot];
            numbers.insert(numbers.end(), {order.id, order.owner, order.price, order.left,
                                           order.total - order.left, order.visible, pool_.display(slot), pool_.until(slot),
                                           order.post_only | order.self_trade << 1});
        }
        return count;
    };
    const auto put_side = [&](const auto& ladder, bool falling) {
        std::vector<Line> lines;
        ladder.each_line([&](std::int64_t, const Line& line) { return lines.push_back(line), true; });
        if (falling) std::reverse(lines.begin(), lines.end());
        const std::size_t place = numbers.size();
        numbers.push_back(0);
        std::int64_t count = 0;
        for (const Line& line : lines) count += put_line(line);
        numbers[place] = count;
    };
    put_side(ladders_[0], true);
    put_side(ladders_[1], false);
    numbers.push_back(static_cast<std::int64_t>(waiting_.count()));
    for (const auto& [id, armed] : waiting_.all()) {
        numbers.insert(numbers.end(), {id, armed.owner, static_cast<std::int64_t>(armed.side), armed.lots,
                                       static_cast<std::int64_t>(armed.terms), armed.trigger, armed.a, armed.b,
                                       static_cast<std::int64_t>(armed.reference), armed.until,
                                       static_cast<std::int64_t>(armed.self_trade)});
    }
    return numbers;
}

void Book::load(const std::vector<std::int64_t>& numbers) {
    if (resting_ || waiting_.any() || last_id) throw std::invalid_argument("state: the book was not empty");
    std::size_t place = 0;
    const auto next = [&]() {
        if (place >= numbers.size()) throw std::invalid_argument("state: it ended early");
        return numbers[place++];
    };
    if (next() != form) throw std::invalid_argument("state: it was not the state of a book");
    phase = static_cast<Phase>(next());
    last = next(), index = next(), last_id = next();
    const std::int64_t sequence = next();
    pen_.go_on_from(sequence, static_cast<std::uint64_t>(next()));
    for (std::uint8_t side = 0; side < 2; ++side) {
        for (std::int64_t count = next(); count > 0; --count) {
            if (resting_ >= orders_max_) throw std::invalid_argument("state: it had more orders than the book takes");
            Taker taker{};
            taker.side = side;
            taker.id = next(), taker.owner = next(), taker.price = next(), taker.left = next();
            taker.total = taker.left + next();
            const std::int64_t visible = next();
            taker.display = next(), taker.until = next();
            const std::int64_t flags = next();
            taker.post_only = flags & 1;
            taker.self_trade = static_cast<std::uint8_t>(flags >> 1);
            pool_[put<true>(taker)].visible = visible;
        }
    }
    for (std::int64_t count = next(); count > 0; --count) {
        Armed armed{};
        armed.id = next(), armed.owner = next();
        armed.side = static_cast<Side>(next());
        armed.lots = next();
        armed.terms = static_cast<Terms>(next());
        armed.trigger = next(), armed.a = next(), armed.b = next();
        armed.reference = static_cast<Reference>(next());
        armed.until = next();
        armed.self_trade = static_cast<SelfTrade>(next());
        waiting_.put(armed);
    }
    if (place != numbers.size()) throw std::invalid_argument("state: it had numbers too many");
    hears();
    for (Ladder& ladder : ladders_) ladder.follow();
}

std::vector<std::pair<std::int64_t, std::int64_t>> Book::depth(Side side, std::size_t levels) const {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    const auto visit = [&](std::int64_t price, const Line& line) {
        if (found.size() == levels) return false;
        std::int64_t lots = 0;
        for (Slot slot = line.head; slot != none; slot = pool_[slot].next) lots += pool_[slot].visible;
        found.emplace_back(price, lots);
        return true;
    };
    ladders_[static_cast<int>(side)].each_line(visit);
    return found;
}

}  // namespace openscrip
