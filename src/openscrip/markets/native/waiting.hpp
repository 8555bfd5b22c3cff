// Orders that wait for a price, found by their triggers. As waiting.py, with an index for each reference and direction.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "words.hpp"

namespace openscrip {

struct Armed {
    std::int64_t id, owner, lots, trigger, a, b, until;
    Side side;
    Terms terms;
    Reference reference;
    SelfTrade self_trade;

    bool trails() const { return terms == Terms::trailing || terms == Terms::trailing_limit; }
    bool is_priced() const { return terms == Terms::stop_limit || terms == Terms::take_profit_limit; }
    bool becomes_limit() const { return is_priced() || terms == Terms::trailing_limit; }
    bool falls() const {
        return (side == Side::sell) != (terms == Terms::take_profit || terms == Terms::take_profit_limit);
    }
    // Where a trailing trigger stands after `price`.
    std::int64_t followed(std::int64_t price) const {
        if (!trails()) return trigger;
        const std::int64_t near = falls() ? price - a : price + a;
        if (!trigger) return std::max<std::int64_t>(1, near);
        return falls() ? std::max(trigger, near) : std::min(trigger, near);
    }
    // The price of the order that it becomes when `price` fired it.
    std::int64_t enters_at(std::int64_t price) const {
        std::int64_t found = b;
        if (terms == Terms::trailing_limit) found = trigger + b;
        if (!becomes_limit()) found = side == Side::buy ? trigger + b : price - b;
        return std::clamp<std::int64_t>(found, 1, price_max);
    }
};

class Waiting {
public:
    bool any() const { return !armed_.empty(); }
    std::size_t count() const { return armed_.size(); }
    Armed* find(std::int64_t id) {
        const auto found = armed_.find(id);
        return found == armed_.end() ? nullptr : &found->second;
    }
    void put(const Armed& armed) {
        armed_.emplace(armed.id, armed);
        index(armed);
    }
    Armed take(std::int64_t id) {
        const auto found = armed_.find(id);
        const Armed armed = found->second;
        forget(armed);
        armed_.erase(found);
        return armed;
    }
    void set_trigger(Armed& armed, std::int64_t trigger) {
        forget(armed);
        armed.trigger = trigger;
        index(armed);
    }
    // Move what trails, then take out what `price` fires, in the order in which the price came past.
    template <class Fire>
    void hear(std::int64_t price, Reference reference, Fire fire) {
        Index& heard = index_[static_cast<int>(reference)];
        const std::vector<std::int64_t> trailing(heard.trailing.begin(), heard.trailing.end());
        for (const std::int64_t id : trailing) {
            Armed& armed = armed_.at(id);
            const std::int64_t trigger = armed.followed(price);
            if (trigger != armed.trigger) set_trigger(armed, trigger);
        }
        while (!heard.falls.empty() && -heard.falls.begin()->first >= price) fire(take(heard.falls.begin()->second));
        while (!heard.rises.empty() && heard.rises.begin()->first <= price) fire(take(heard.rises.begin()->second));
    }
    const std::map<std::int64_t, Armed>& all() const { return armed_; }

private:
    using Triggers = std::set<std::pair<std::int64_t, std::int64_t>>;
    struct Index {
        Triggers falls, rises;  // falling ones by -trigger, so that the nearest is first
        std::set<std::int64_t> trailing;
    };

    void index(const Armed& armed) {
        Index& to = index_[static_cast<int>(armed.reference)];
        if (armed.trails()) to.trailing.insert(armed.id);
        if (!armed.trigger) return;
        if (armed.falls()) {
            to.falls.emplace(-armed.trigger, armed.id);
        } else {
            to.rises.emplace(armed.trigger, armed.id);
        }
    }
    void forget(const Armed& armed) {
        Index& from = index_[static_cast<int>(armed.reference)];
        from.trailing.erase(armed.id);
        from.falls.erase({-armed.trigger, armed.id});
        from.rises.erase({armed.trigger, armed.id});
    }

    std::map<std::int64_t, Armed> armed_;
    Index index_[2];
};

}  // namespace openscrip
