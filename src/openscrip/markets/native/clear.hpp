// What a book told, done to the accounts: clearing.py and telling.py, for what happens most.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "facts.hpp"
#include "members.hpp"
#include "native_book.hpp"
#include "python.hpp"

namespace openscrip {

// How an order ended, as `facts.Ending` has it; and the kind of a record that is text.
constexpr int64_t ended_filled = 0, ended_cancelled = 1, ended_self_trade = 6, record_text = 1;

// The venue while one command is done.
class Clearing {
public:
    explicit Clearing(PyObject* venue)
        : venue_(venue), orders_(PyObject_GetAttr(venue, name.orders)), touched_(PyObject_GetAttr(venue, name.touched)),
          sequence_(attribute(name.sequence)), time_us_(attribute(name.time_us)) {
        is_telling_ = truth(name.is_telling);
    }

    int64_t sequence() const { return sequence_; }
    int64_t time_us() const { return time_us_; }
    PyObject* orders() const { return orders_.get(); }

    int64_t attribute(PyObject* which) const { return number_of(Ref(PyObject_GetAttr(venue_, which)).get()); }
    bool truth(PyObject* which) const { return Ref(PyObject_GetAttr(venue_, which)).get() == Py_True; }
    void set_attribute(PyObject* which, int64_t value) {
        const Ref number(PyLong_FromLongLong(value));
        if (PyObject_SetAttr(venue_, which, number.get())) throw Failed{};
    }
    // A borrowed item of one of the venue's tables, or nothing.
    PyObject* found(PyObject* table, PyObject* key) const {
        const Ref held(PyObject_GetAttr(venue_, table));
        PyObject* const item = PyDict_GetItemWithError(held.get(), key);
        if (!item && PyErr_Occurred()) throw Failed{};
        return item;
    }

    // A record, with the text that stands before it, at `now_us`.
    void write(const int64_t (&record)[16], std::string_view text, int64_t now_us) {
        const Ref written(PyObject_GetAttr(venue_, name.written));
        if (!PyByteArray_Check(written.get())) throw Plain{};
        int64_t both[32] = {};
        int64_t* place = both;
        time_us_ = now_us;
        if (!text.empty()) {
            place[0] = record_text, place[1] = ++sequence_, place[2] = now_us, place[3] = static_cast<int64_t>(text.size());
            std::memcpy(place + 4, text.data(), text.size());
            place += 16;
        }
        std::memcpy(place, record, sizeof record);
        place[1] = ++sequence_, place[2] = now_us;
        append(written.get(), both, reinterpret_cast<char*>(place + 16) - reinterpret_cast<char*>(both));
        set_attribute(name.sequence, sequence_);
        set_attribute(name.time_us, time_us_);
    }

    // Do what the book told of one command. `incoming` is the order behind ACCEPTED; anything rare is left to Python whole.
    void clear(PyObject* floor, NativeBook& book, std::size_t count, PyObject* incoming, PyObject* cause) {
        const Event* const events = book.events();
        for (std::size_t at = 0; at < count; ++at) {
            if (!is_plain(events[at])) return clear_in_python(floor, book, incoming, cause);
        }
        for (std::size_t at = 0; at < count; ++at) one(floor, events[at], incoming, cause);
        count_trades();
        if (is_telling_) tell_book(events, count);
    }
    // The same for the events of many commands that are done again and not told: up to one that is rare.
    template <class Next>
    const Event* run(PyObject* floor, const Event* from, const Event* to, Next next_order) {
        for (; from != to; ++from) {
            switch (static_cast<Kind>(from->kind)) {
                case Kind::accepted: {
                    PyObject* const order = next_order();
                    if (!order) return count_trades(), from;
                    const Ref held(order);
                    accept(order, *from);
                    break;
                }
                case Kind::traded: trade(floor, *from, nullptr); break;
                case Kind::rested:
                    if (order_at.is_waiting.truth(order_of(from->order, nullptr))) return count_trades(), from;
                    break;
                case Kind::done: finish(order_of(from->order, nullptr), ended_filled, 0); break;
                case Kind::cancelled:
                    if (from->detail == static_cast<int64_t>(Reason::filled_more)) return count_trades(), from;
                    finish(order_of(from->order, nullptr), ended_cancelled, 0);
                    break;
                default: return count_trades(), from;
            }
        }
        return count_trades(), from;
    }
    void prepare(int64_t instrument) {
        instrument_ = instrument;
        if (is_telling_) open_facts();
    }

private:
    static bool is_plain(const Event& event) {
        switch (static_cast<Kind>(event.kind)) {
            case Kind::accepted:
            case Kind::traded:
            case Kind::rested:
            case Kind::done: return true;
            case Kind::cancelled:
                return event.detail == static_cast<int64_t>(Reason::by_owner)
                    || event.detail == static_cast<int64_t>(Reason::self_trade);
            default: return false;
        }
    }
    void clear_in_python(PyObject* floor, NativeBook& book, PyObject* incoming, PyObject* cause) {
        const Ref told(book.told());
        const Ref orders(incoming ? PyTuple_Pack(1, incoming) : PyTuple_New(0));
        const Ref each(PyObject_GetIter(orders.get()));
        const Ref done(
            PyObject_CallMethodObjArgs(venue_, name.clear, floor, told.get(), each.get(), Py_None, cause, nullptr));
    }

    void one(PyObject* floor, const Event& event, PyObject* incoming, PyObject* cause) {
        switch (static_cast<Kind>(event.kind)) {
            case Kind::accepted: return accept(incoming, event);
            case Kind::traded: return trade(floor, event, incoming);
            case Kind::done: return finish(order_of(event.order, incoming), ended_filled, 0);
            case Kind::cancelled:
                if (event.detail == static_cast<int64_t>(Reason::by_owner)) {
                    return finish(order_of(event.order, incoming), ended_cancelled, number_of(cause));
                }
                return finish(order_of(event.order, incoming), ended_self_trade, 0);
            default: return;
        }
    }

    // An open order, borrowed from the venue's table.
    PyObject* order_of(int64_t number, PyObject* incoming) const {
        if (incoming && order_at.id.number(incoming) == number) return incoming;
        const Ref key(PyLong_FromLongLong(number));
        PyObject* const order = PyDict_GetItemWithError(orders_.get(), key.get());
        if (!order) {
            if (!PyErr_Occurred()) PyErr_Format(venue_broken, "book: it told of order %lld, which was not open", number);
            throw Failed{};
        }
        return order;
    }

    void touch(PyObject* account) {
        if (PySet_Add(touched_.get(), account)) throw Failed{};
    }

    void accept(PyObject* order, const Event& event) {
        if (!order || order_at.id.number(order) != event.order) {
            PyErr_Format(venue_broken, "book: order %lld was accepted in place of another", event.order);
            throw Failed{};
        }
        PyObject *const owner = order_at.owner.in(order), *const id = order_at.id.in(order);
        add_amount(account_at.held.in(owner), order_at.asset.in(order), order_at.held.number(order));
        put(orders_.get(), id, order);
        put(account_at.orders.in(owner), id, order);
        add_amount(account_at.counts.in(owner), order_at.instrument.in(order), 1);
        PyObject* const client_id = order_at.client_id.in(order);
        if (PyUnicode_GET_LENGTH(client_id)) put(account_at.client_ids.in(owner), client_id, id);
        touch(owner);
        if (!is_telling_) return;
        Fact& fact = told(Told::placed, order);
        fact.price = order_at.price.number(order), fact.lots = order_at.lots.number(order);
        fact.value = order_at.held.number(order);
    }

    void finish(PyObject* borrowed, int64_t ending, int64_t cause) {
        const Ref order(Py_NewRef(borrowed));  // the tables held it
        PyObject *const owner = order_at.owner.in(borrowed), *const id = order_at.id.in(borrowed);
        add_amount(account_at.held.in(owner), order_at.asset.in(borrowed), -order_at.held.number(borrowed));
        order_at.held.set(borrowed, int64_t{0});
        take_out(orders_.get(), id);
        take_out(account_at.orders.in(owner), id);
        add_amount(account_at.counts.in(owner), order_at.instrument.in(borrowed), -1);
        PyObject* const client_id = order_at.client_id.in(borrowed);
        if (PyUnicode_GET_LENGTH(client_id)) {
            PyObject* const named = PyDict_GetItemWithError(account_at.client_ids.in(owner), client_id);
            if (!named && PyErr_Occurred()) throw Failed{};
            if (named && number_of(named) == order_at.id.number(borrowed)) take_out(account_at.client_ids.in(owner), client_id);
        }
        touch(owner);
        if (!is_telling_) return;
        Fact& fact = told(Told::done, borrowed);
        fact.flag = ending, fact.cause = cause;
        totals(fact, borrowed);
    }

public:
    // The most that an account may come to pay by a schedule; borrowed.
    PyObject* rate_max(PyObject* account, PyObject* schedule) {
        PyObject* const known = PyDict_GetItemWithError(account_at.rates.in(account), schedule);
        if (known) return PyTuple_GET_ITEM(known, 2);
        if (PyErr_Occurred()) throw Failed{};
        const Ref asked(PyObject_CallMethodObjArgs(venue_, name.rates, account, schedule, nullptr));
        return PyTuple_GET_ITEM(asked.get(), 2);  // the account keeps them
    }

private:
    // An account's rates of a schedule, as taker and as maker.
    std::pair<int64_t, int64_t> rates(PyObject* account, PyObject* schedule) {
        PyObject* known = PyDict_GetItemWithError(account_at.rates.in(account), schedule);
        if (!known) {
            if (PyErr_Occurred()) throw Failed{};
            const Ref asked(PyObject_CallMethodObjArgs(venue_, name.rates, account, schedule, nullptr));
            return {number_of(PyTuple_GET_ITEM(asked.get(), 0)), number_of(PyTuple_GET_ITEM(asked.get(), 1))};
        }
        return {number_of(PyTuple_GET_ITEM(known, 0)), number_of(PyTuple_GET_ITEM(known, 1))};
    }

    void count_trades() {
        if (!has_traded_) return;
        set_attribute(name.trades, trades_);
        set_attribute(name.entries, entries_);
    }
    void begin_trading() {
        if (has_traded_) return;
        has_traded_ = true;
        trades_ = attribute(name.trades), entries_ = attribute(name.entries);
    }

    void trade(PyObject* floor, const Event& event, PyObject* incoming) {
        begin_trading();
        PyObject *const taker = order_of(event.order, incoming), *const maker = order_of(event.other, incoming);
        PyObject *const takes = order_at.owner.in(taker), *const makes = order_at.owner.in(maker);
        PyObject *const base = floor_at.base.in(floor), *const quote = floor_at.quote.in(floor);
        PyObject* const schedule = floor_at.schedule.in(floor);
        const int64_t lots = event.lots, value = narrow(Wide{event.price} * lots * floor_at.scale.number(floor));
        // No order pays more than the rate that it was held for, whatever was set since.
        const int64_t taker_fee = fee_up(value, std::min(rates(takes, schedule).first, order_at.rate_max.number(taker)));
        const int64_t maker_fee = fee_up(value, std::min(rates(makes, schedule).second, order_at.rate_max.number(maker)));
        const bool sells_taker = event.side;
        PyObject *const buyer = sells_taker ? maker : taker, *const seller = sells_taker ? taker : maker;
        const int64_t buyer_fee = sells_taker ? maker_fee : taker_fee, seller_fee = sells_taker ? taker_fee : maker_fee;
        const int64_t units = narrow(Wide{lots} * floor_at.lot_units.number(floor));
        const int64_t released = narrow(Wide{order_at.hold_per_lot.number(buyer)} * lots);
        PyObject *const buys = order_at.owner.in(buyer), *const sells = order_at.owner.in(seller);

        add_amount(account_at.balances.in(buys), base, units);
        const int64_t money_left = add_amount(account_at.balances.in(buys), quote, -value - buyer_fee);
        add_amount(account_at.held.in(buys), quote, -released);
        filled(buyer, released, lots, value, buyer_fee);
        const int64_t tokens_left = add_amount(account_at.balances.in(sells), base, -units);
        add_amount(account_at.balances.in(sells), quote, value - seller_fee);
        add_amount(account_at.held.in(sells), base, -units);
        filled(seller, units, lots, value, seller_fee);
        const Ref house(PyObject_GetAttr(venue_, name.house));
        add_amount(account_at.balances.in(house.get()), quote, buyer_fee + seller_fee);
        if (money_left < 0 || tokens_left < 0 || (released > 0 && value + buyer_fee > released)) {
            PyErr_Format(venue_broken, "order %lld against %lld: %lld of the quote, %lld of the base were left", event.order,
                         event.other, money_left, tokens_left);
            throw Failed{};
        }
        if (takes != makes) traded_volume(floor, takes, makes, value);
        floor_at.last.set(floor, event.price);
        if (event.price < floor_at.low.number(floor) || event.price > floor_at.high.number(floor)) {
            floor_at.breached.set(floor, Py_NewRef(Py_True));
        }
        ++trades_, entries_ += 4;
        touch(takes);
        touch(makes);
        if (is_telling_) {
            tell_side(taker, event, value, taker_fee, entries_ - 3, base, quote, false);
            tell_side(maker, event, value, maker_fee, entries_ - 1, base, quote, true);
            Fact& print = told(Told::printed, nullptr);
            print.trade = trades_, print.side = event.side, print.price = event.price, print.lots = lots, print.value = value;
        }
        if (!event.detail) finish(maker, ended_filled, 0);
    }

    static void filled(PyObject* order, int64_t released, int64_t lots, int64_t value, int64_t fee) {
        order_at.held.add(order, -released);
        order_at.left.add(order, -lots);
        order_at.filled.add(order, lots);
        order_at.cost.add(order, value);
        order_at.fees.add(order, fee);
    }

    void traded_volume(PyObject* floor, PyObject* takes, PyObject* makes, int64_t value) {
        const Ref usd(PyLong_FromLongLong(narrow(Wide{value} * floor_at.usd_micros.number(floor) / rate_one)));
        for (PyObject* const account : {takes, makes}) {
            account_at.volume.set(account, PyNumber_Add(account_at.volume.in(account), usd.get()));
        }
        PyObject* const makers = floor_at.makers.in(floor);
        if (!PyDict_GET_SIZE(makers)) return;
        PyObject* const programme = PyDict_GetItemWithError(makers, account_at.number.in(makes));
        if (!programme) {
            if (PyErr_Occurred()) throw Failed{};
            return;
        }
        const Ref before(PyObject_GetAttr(programme, name.value)), more(PyLong_FromLongLong(value));
        const Ref after(PyNumber_Add(before.get(), more.get()));
        if (PyObject_SetAttr(programme, name.value, after.get())) throw Failed{};
    }

    // facts

    void open_facts() {
        const Ref list(PyObject_GetAttr(venue_, name.facts));
        const Py_ssize_t size = PyList_Check(list.get()) ? PyList_GET_SIZE(list.get()) : 0;
        PyObject* const last = size ? PyList_GET_ITEM(list.get(), size - 1) : nullptr;
        if (last && Py_TYPE(last) == facts_type) {
            facts_ = reinterpret_cast<Facts*>(last);
            return;
        }
        const Ref made(facts_type->tp_alloc(facts_type, 0));
        facts_ = reinterpret_cast<Facts*>(made.get());
        facts_->rows = new std::vector<Fact>;
        facts_->events = new std::vector<Event>;
        if (PyList_Append(list.get(), made.get())) throw Failed{};
    }
    Fact& told(Told kind, PyObject* order) {
        Fact& fact = facts_->rows->emplace_back();
        fact.kind = static_cast<int64_t>(kind), fact.sequence = sequence_, fact.time_us = time_us_, fact.instrument = instrument_;
        if (order) {
            fact.order = order_at.id.number(order);
            fact.account = account_at.number.number(order_at.owner.in(order));
            fact.side = order_at.side.number(order);
            fact.user_reference = order_at.user_reference.number(order);
            fact.order_kind = number_of(PySequence_Fast_GET_ITEM(order_at.row.in(order), 4));
            fact.set_name(text_in(order_at.client_id.in(order)));
        }
        return fact;
    }
    static void totals(Fact& fact, PyObject* order) {
        fact.left = order_at.left.number(order), fact.filled = order_at.filled.number(order);
        fact.cost = order_at.cost.number(order), fact.fees = order_at.fees.number(order);
    }
    void tell_side(PyObject* order, const Event& event, int64_t value, int64_t fee, int64_t entry, PyObject* base,
                   PyObject* quote, bool makes) {
        PyObject* const balances = account_at.balances.in(order_at.owner.in(order));
        const int64_t tokens = amount_in(balances, base), money = amount_in(balances, quote);
        Fact& fact = told(Told::traded, order);
        fact.trade = trades_, fact.price = event.price, fact.lots = event.lots, fact.value = value, fact.fee = fee;
        fact.entry = entry, fact.base_balance = tokens, fact.quote_balance = money, fact.flag = makes;
        totals(fact, order);
    }
    void tell_book(const Event* events, std::size_t count) {
        Fact& fact = told(Told::book, nullptr);
        fact.flag = static_cast<int64_t>(count), fact.cause = static_cast<int64_t>(facts_->events->size());
        facts_->events->insert(facts_->events->end(), events, events + count);
    }

    PyObject* venue_;
    Ref orders_, touched_;
    int64_t sequence_, time_us_, instrument_ = 0, trades_ = 0, entries_ = 0;
    bool is_telling_ = false, has_traded_ = false;
    Facts* facts_ = nullptr;
};

}  // namespace openscrip
