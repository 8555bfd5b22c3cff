// Phases, and the auction that ends a call; see auction.py for the rule of its price.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "book.hpp"

namespace openscrip {

void Book::set_phase(Phase next) {
    phase = next;
    hears();
    tell(Kind::phase, 0, 0, 0, 0, 0, static_cast<std::int64_t>(next));
}

void Book::enter(Phase next) {
    if (next == Phase::continuous && is_crossed()) return refuse(Kind::rejected, 0, Reason::crossed);
    set_phase(next);
}

namespace {

struct Level {
    std::int64_t price, lots;
};

struct Cross {
    std::int64_t price, lots, surplus;
};

std::vector<Level> levels_of(const Ladder& ladder, const Pool& pool) {
    std::vector<Level> found;
    ladder.each_line([&](std::int64_t price, const Line& line) {
        std::int64_t lots = 0;
        for (Slot slot = line.head; slot != none; slot = pool[slot].next) lots += pool[slot].left;
        found.push_back({price, lots});
        return true;
    });
    return found;
}

// Most volume, least surplus, the side of the surplus, then the reference; see auction.py.
Cross crossing(const std::vector<Level>& wanted, const std::vector<Level>& offered, std::int64_t reference) {
    const std::int64_t lowest = offered.front().price, highest = wanted.front().price;
    std::set<std::int64_t> limits;
    for (const auto& level : wanted) if (level.price >= lowest) limits.insert(level.price);
    for (const auto& level : offered) if (level.price <= highest) limits.insert(level.price);
    if (lowest <= reference && reference <= highest) limits.insert(reference);
    std::vector<Cross> found;
    for (const std::int64_t price : limits) {
        std::int64_t demand = 0, supply = 0;
        for (const auto& level : wanted) if (level.price >= price) demand += level.lots;
        for (const auto& level : offered) if (level.price <= price) supply += level.lots;
        found.push_back({price, std::min(demand, supply), demand - supply});
    }
    std::int64_t most = 0;
    for (const auto& each : found) most = std::max(most, each.lots);
    std::erase_if(found, [&](const Cross& each) { return each.lots != most; });
    std::int64_t least = std::llabs(found.front().surplus);
    for (const auto& each : found) least = std::min<std::int64_t>(least, std::llabs(each.surplus));
    std::erase_if(found, [&](const Cross& each) { return std::llabs(each.surplus) != least; });
    if (std::all_of(found.begin(), found.end(), [](const Cross& each) { return each.surplus > 0; })) return found.back();
    if (std::all_of(found.begin(), found.end(), [](const Cross& each) { return each.surplus < 0; })) return found.front();
    return *std::min_element(found.begin(), found.end(), [&](const Cross& one, const Cross& two) {
        return std::pair(std::llabs(one.price - reference), one.price) < std::pair(std::llabs(two.price - reference), two.price);
    });
}

}  // namespace

void Book::uncross(std::int64_t reference) {
    if (phase != Phase::call) return refuse(Kind::rejected, 0, Reason::phase);
    while (drop_post_only()) {
    }
    if (is_crossed()) {
        const Cross cross = crossing(levels_of(bids(), pool_), levels_of(asks(), pool_), reference);
        tell(Kind::uncrossed, 0, cross.surplus >= 0 ? 0 : 1, cross.price, cross.lots, std::llabs(cross.surplus), 0);
        pair(cross.price, cross.lots);
    }
    set_phase(Phase::continuous);
}

bool Book::drop_post_only() {
    const std::int64_t bid = bids().best_price(), ask = asks().best_price();
    std::vector<Slot> found;
    const auto look = [&](Side side, std::int64_t there) {
        return [&, side, there](std::int64_t price, const Line& line) {
            if (!there || !reaches(side, price, there)) return false;
            for (Slot slot = line.head; slot != none; slot = pool_[slot].next) {
                if (pool_[slot].post_only) found.push_back(slot);
            }
            return true;
        };
    };
    bids().each_line(look(Side::buy, ask));
    asks().each_line(look(Side::sell, bid));
    for (const Slot slot : found) remove(slot, Reason::post_only);
    return !found.empty();
}

void Book::pair(std::int64_t price, std::int64_t lots) {
    last = price;
    if (waiting_.any()) prints_.push_back(price), hears();
    while (lots) {
        const Slot slots[2] = {bids().first(), asks().first()};
        Order& buyer = pool_[slots[0]];
        Order& seller = pool_[slots[1]];
        const std::int64_t traded = std::min({lots, buyer.left, seller.left});
        lots -= traded;
        for (Order* order : {&buyer, &seller}) {
            order->left -= traded;
            order->visible = std::max<std::int64_t>(0, order->visible - traded);
        }
        pen_.tell(Kind::traded, buyer.id, seller.id, 0, price, traded, buyer.left, seller.left);
        for (const Slot slot : slots) {
            if (!pool_[slot].left) {
                remove(slot);
            } else if (!pool_[slot].visible) {
                refill(slot, true);
            }
        }
    }
}

}  // namespace openscrip
