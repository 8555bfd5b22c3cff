#include "clearing.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include "clear.hpp"

namespace openscrip {

namespace {

constexpr int64_t full_bps = 10'000, lots_plain_max = int64_t{1} << 24, orders_max = int64_t{1} << 22;
constexpr int64_t state_open = 3, record_place = 2, record_take = 3;

// What an instrument takes, as `Floor.bounds` has it.
struct Bounds {
    int64_t number, tick, lots_min, cost_min, orders, reasonable_bps, stale_us;

    explicit Bounds(PyObject* tuple) {
        auto* const each = &number;
        for (Py_ssize_t at = 0; at < 7; ++at) each[at] = number_of(PyTuple_GET_ITEM(tuple, at));
    }
};

// Whether a limit order until cancelled is within every bound: `limits.is_plain`.
bool is_within(PyObject* floor, const Bounds& bounds, int64_t side, int64_t lots, int64_t price, int64_t now_us) {
    if (floor_at.state.number(floor) != state_open || price < 1 || price > price_max || lots < bounds.lots_min
        || lots > lots_plain_max || price < floor_at.low.number(floor) || price > floor_at.high.number(floor)
        || price % bounds.tick || Wide{price} * lots * floor_at.scale.number(floor) < bounds.cost_min) {
        return false;
    }
    const int64_t quoted = floor_at.quoted.number(floor), last = floor_at.last.number(floor);
    const bool is_stale = bounds.stale_us > 0 && now_us - floor_at.quote_at_us.number(floor) > bounds.stale_us;
    const int64_t reference = quoted && !is_stale ? quoted : last ? last : quoted;
    if (!reference || !bounds.reasonable_bps) return true;
    return side ? price * full_bps >= reference * (full_bps - bounds.reasonable_bps)
                : price * full_bps <= reference * (full_bps + bounds.reasonable_bps);
}

NativeBook* book_of(PyObject* floor) {
    PyObject* const book = floor_at.book.in(floor);
    if (!nb::isinstance<NativeBook>(nb::handle(book))) throw Plain{};
    NativeBook* const native = nb::inst_ptr<NativeBook>(book);
    (void)native->book();
    return native;
}

// A plain limit order that the venue has checked; what `Order.__init__` and `Floor.set_hold` make of it.
PyObject* new_order(PyObject* owner, PyObject* floor, const Bounds& bounds, const Row& row, PyObject* rate_max, int64_t per_lot,
                    int64_t held, PyObject* client_id, PyObject* user_reference, int64_t now_us) {
    const Ref made(order_type->tp_alloc(order_type, 0));
    PyObject* const order = made.get();
    PyObject* const tuple = PyTuple_New(10);
    if (!tuple) throw Failed{};
    const int64_t* const columns = &row.op;
    for (Py_ssize_t at = 0; at < 10; ++at) {
        PyObject* const number = boxed(columns[at]);
        if (!number) {
            Py_DECREF(tuple);
            throw Failed{};
        }
        PyTuple_SET_ITEM(tuple, at, number);
    }
    const auto share = [](const Member& slot, PyObject* in, PyObject* thing) { slot.set(in, Py_NewRef(thing)); };
    PyObject* const nothing = PyTuple_GET_ITEM(tuple, 9);
    order_at.row.set(order, tuple);
    share(order_at.id, order, PyTuple_GET_ITEM(tuple, 1));
    share(order_at.side, order, PyTuple_GET_ITEM(tuple, 3));
    share(order_at.lots, order, PyTuple_GET_ITEM(tuple, 5));
    share(order_at.left, order, PyTuple_GET_ITEM(tuple, 5));
    share(order_at.price, order, PyTuple_GET_ITEM(tuple, 6));
    for (const Member* zero : {&order_at.filled, &order_at.cost, &order_at.fees, &order_at.trigger, &order_at.display}) {
        share(*zero, order, nothing);
    }
    share(order_at.owner, order, owner);
    order_at.instrument.set(order, bounds.number);
    share(order_at.asset, order, row.side ? floor_at.base.in(floor) : floor_at.quote.in(floor));
    share(order_at.rate_max, order, rate_max);
    order_at.placed_us.set(order, now_us);
    share(order_at.is_waiting, order, Py_False);
    share(order_at.reduce_only, order, Py_False);
    share(order_at.told_terms, order, Py_None);
    order_at.hold_per_lot.set(order, per_lot);
    order_at.held.set(order, held);
    share(order_at.client_id, order, client_id);
    share(order_at.user_reference, order, user_reference);
    return Py_NewRef(order);
}

// place(venue, account, instrument, side, lots, price, client_id, user_reference, now_us): the order's number, negative if the
// band was left; 0 if it is not plain, and then nothing was done.
int64_t place(PyObject* const* given) {
    PyObject* const venue = given[0];
    Clearing clearing(venue);
    PyObject* const floor = clearing.found(name.floors, given[2]);
    PyObject* const owner = clearing.found(name.accounts, given[1]);
    if (!floor || !owner || Py_TYPE(floor) != floor_type || Py_TYPE(owner) != account_type) return 0;
    const int64_t account = number_of(given[1]), side = number_of(given[3]), lots = number_of(given[4]);
    const int64_t price = number_of(given[5]), reference = number_of(given[7]);
    const int64_t now_us = std::max(number_of(given[8]), clearing.time_us());
    PyObject* const client_id = given[6];
    if (!account || (side & ~1) || account_at.stopped.truth(owner) || clearing.truth(name.is_stopped)) return 0;
    const Bounds bounds(floor_at.bounds.in(floor));
    if (!is_within(floor, bounds, side, lots, price, now_us)) return 0;
    const std::string_view text = text_in(client_id);
    if (text.size() > name_max || reference < std::numeric_limits<std::int32_t>::min()
        || reference > std::numeric_limits<std::int32_t>::max()) {
        return 0;
    }
    if (!text.empty() && PyDict_Contains(account_at.client_ids.in(owner), client_id)) return 0;
    if (amount_in(account_at.counts.in(owner), given[2]) >= bounds.orders) return 0;
    if (PyDict_GET_SIZE(clearing.orders()) >= orders_max) return 0;
    PyObject* const rates = PyDict_GetItemWithError(account_at.rates.in(owner), floor_at.schedule.in(floor));
    if (!rates) return 0;
    PyObject* const rate_max = PyTuple_GET_ITEM(rates, 2);
    const int64_t value = narrow(Wide{price} * floor_at.scale.number(floor));
    const int64_t per_lot = side ? floor_at.lot_units.number(floor) : value + fee_up(value, number_of(rate_max));
    const int64_t held = narrow(Wide{per_lot} * lots);
    PyObject* const asset = side ? floor_at.base.in(floor) : floor_at.quote.in(floor);
    if (held > amount_in(account_at.balances.in(owner), asset) - amount_in(account_at.held.in(owner), asset)) return 0;
    const int64_t number = clearing.attribute(name.last_order) + 1;
    if (number - floor_at.last_order.number(floor) > id_step_max) return 0;
    NativeBook* const book = book_of(floor);

    const Row row{1, number, account, side, 0, lots, price, 0, 0, 0};
    const Ref order(new_order(owner, floor, bounds, row, rate_max, per_lot, held, client_id, given[7], now_us));
    const int64_t extra = reference & 0xFFFFFFFF;
    clearing.write({record_place, 0, 0, bounds.number, 1, number, account, side, 0, lots, price, 0, 0, 0, account, extra}, text,
                   now_us);
    floor_at.last_order.set(floor, number);
    clearing.set_attribute(name.last_order, number);
    clearing.prepare(bounds.number);
    clearing.clear(floor, *book, book->one(row), order.get(), Py_None);
    return floor_at.breached.truth(floor) ? -number : number;
}

// take(venue, account, order, cause, now_us): whether it was done; False if it is for Python, and then nothing was.
int64_t take(PyObject* const* given) {
    PyObject* const venue = given[0];
    Clearing clearing(venue);
    PyObject* const order = PyDict_GetItemWithError(clearing.orders(), given[2]);
    if (!order || Py_TYPE(order) != order_type) {
        if (PyErr_Occurred()) throw Failed{};
        return 0;
    }
    PyObject* const owner = order_at.owner.in(order);
    const int64_t account = number_of(given[1]), number = order_at.id.number(order), cause = number_of(given[3]);
    const int64_t its = account_at.number.number(owner), instrument = order_at.instrument.number(order);
    if (account && account != its) return 0;
    PyObject* const floor = clearing.found(name.floors, order_at.instrument.in(order));
    if (!floor || Py_TYPE(floor) != floor_type) return 0;
    NativeBook* const book = book_of(floor);
    const int64_t now_us = std::max(number_of(given[4]), clearing.time_us());
    clearing.write({record_take, 0, 0, instrument, 2, number, 0, 0, 0, 0, 0, 0, 0, 0, its, cause}, {}, now_us);
    clearing.prepare(instrument);
    clearing.clear(floor, *book, book->one({2, number, 0, 0, 0, 0, 0, 0, 0, 0}), nullptr, given[3]);
    return 1;
}

}  // namespace

int64_t place_order(PyObject* const* given) {
    if (!order_type) throw Plain{};
    return place(given);
}

int64_t take_order(PyObject* const* given) {
    if (!order_type) throw Plain{};
    return take(given);
}

bool find_order(PyObject* venue, PyObject* account, PyObject* client_id, PyObject* number, Found& found) {
    if (!order_type) throw Plain{};
    if (client_id) {
        const Ref accounts(PyObject_GetAttr(venue, name.accounts));
        PyObject* const owner = PyDict_GetItemWithError(accounts.get(), account);
        number = owner ? PyDict_GetItemWithError(account_at.client_ids.in(owner), client_id) : nullptr;
    }
    const Ref orders(PyObject_GetAttr(venue, name.orders));
    PyObject* const order = number ? PyDict_GetItemWithError(orders.get(), number) : nullptr;
    if (PyErr_Occurred()) throw Failed{};
    if (!order || account_at.number.number(order_at.owner.in(order)) != number_of(account)) return false;
    found.number = order_at.id.in(order), found.instrument = order_at.instrument.in(order);
    found.client_id = order_at.client_id.in(order), found.placed_us = order_at.placed_us.number(order);
    return true;
}

namespace {

// account_mark(account): a hash of what it has, as `state_hash.account_mark` has it, in 64 bits throughout.
PyObject* account_mark(PyObject* const* given) {
    constexpr std::uint64_t factors[] = {0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93,
                                         0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3};
    constexpr std::uint64_t prime = 0x100000001B3;
    const auto bits = [](PyObject* number) {
        const std::uint64_t value = PyLong_AsUnsignedLongLongMask(number);
        if (PyErr_Occurred()) throw Failed{};
        return value;
    };
    PyObject* const account = given[0];
    if (Py_TYPE(account) != account_type) throw std::invalid_argument("clearing: it was no account");
    std::uint64_t mark = (bits(account_at.number.in(account)) + 1) * factors[0] ^ bits(account_at.volume.in(account)) * factors[1]
        ^ bits(account_at.volume_before.in(account)) * factors[2] ^ bits(account_at.dead_man_us.in(account)) * factors[3]
        ^ (bits(account_at.schedule.in(account)) + 2) * factors[4] ^ bits(account_at.stopped.in(account)) * factors[5];
    PyObject *asset = nullptr, *balance = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(account_at.balances.in(account), &at, &asset, &balance);) {
        const std::uint64_t has = bits(balance);
        if (!has) continue;
        PyObject* const held = PyDict_GetItemWithError(account_at.held.in(account), asset);
        const std::uint64_t mixed =
            (has * factors[6] ^ (held ? bits(held) : 0) * factors[7] ^ bits(asset) * prime) * factors[0];
        mark += (mixed ^ mixed >> 29) * factors[2];
    }
    return PyLong_FromUnsignedLongLong((mark ^ mark >> 32) * prime);
}

// clear_run(venue, floor, events, from, to, places, place, texts): do events [from, to) of commands that are done again; `places`
// are their PLACE records, `texts` client ids by sequence. How far it came in both, up to what is for Python.
PyObject* clear_run(PyObject* const* given) {
    PyObject *const venue = given[0], *const floor = given[1];
    Clearing clearing(venue);
    if (clearing.truth(name.is_telling) || Py_TYPE(floor) != floor_type) throw Plain{};
    const Table events(given[2], 8, 0), places(given[5], 16, 0);
    const auto from = static_cast<std::size_t>(number_of(given[3])), to = static_cast<std::size_t>(number_of(given[4]));
    auto place = static_cast<std::size_t>(number_of(given[6]));
    if (from > to || to > events.rows() || place > places.rows()) throw std::invalid_argument("clearing: beyond the tables");
    const Bounds bounds(floor_at.bounds.in(floor));
    const int64_t scale = floor_at.scale.number(floor), lot_units = floor_at.lot_units.number(floor);
    const Ref nameless(PyUnicode_New(0, 0));
    const auto next_order = [&]() -> PyObject* {
        if (place == places.rows()) return nullptr;
        const auto* const record = places.begin<const int64_t>() + 16 * place;
        const Row& row = *reinterpret_cast<const Row*>(record + 4);
        if (row.kind || row.until || (record[15] >> 32)) return nullptr;
        const Ref number(boxed(record[14])), sequence(boxed(record[1]));
        PyObject* const owner = clearing.found(name.accounts, number.get());
        if (!owner || Py_TYPE(owner) != account_type) return nullptr;
        PyObject* const rate_max = clearing.rate_max(owner, floor_at.schedule.in(floor));
        const int64_t value = narrow(Wide{row.a} * scale);
        const int64_t per_lot = row.side ? lot_units : value + fee_up(value, number_of(rate_max));
        PyObject* const text = PyDict_GetItemWithError(given[7], sequence.get());
        if (!text && PyErr_Occurred()) throw Failed{};
        const Ref reference(boxed(static_cast<std::int32_t>(record[15])));
        ++place;
        return new_order(owner, floor, bounds, row, rate_max, per_lot, narrow(Wide{per_lot} * row.lots),
                         text ? text : nameless.get(), reference.get(), record[2]);
    };
    const Event* const begin = events.begin<const Event>();
    const Event* const reached = clearing.run(floor, begin + from, begin + to, next_order);
    return Py_BuildValue("(nn)", static_cast<Py_ssize_t>(reached - begin), static_cast<Py_ssize_t>(place));
}

template <auto act, Py_ssize_t wanted>
PyObject* guarded(PyObject*, PyObject* const* given, Py_ssize_t count) {
    if (count != wanted) {
        PyErr_Format(PyExc_TypeError, "clearing: %zd arguments were given, not %zd", count, wanted);
        return nullptr;
    }
    if (!order_type) {
        PyErr_SetString(PyExc_RuntimeError, "clearing: set_up was not called");
        return nullptr;
    }
    try {
        if constexpr (std::is_same_v<decltype(act(given)), PyObject*>) {
            return act(given);
        } else {
            return PyLong_FromLongLong(act(given));
        }
    } catch (const nb::python_error&) {
        PyErr_SetString(PyExc_TypeError, "clearing: tables of int64 were wanted");
        return nullptr;
    } catch (const Failed&) {
        return nullptr;
    } catch (const Plain&) {
        return PyLong_FromLong(0);
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
        return nullptr;
    }
}

// set_up(Order, Account, Floor, VenueBroken): the classes whose objects are worked on.
PyObject* set_up(PyObject*, PyObject* const* given, Py_ssize_t count) {
    if (count != 4 || !PyType_Check(given[0]) || !PyType_Check(given[1]) || !PyType_Check(given[2])) {
        PyErr_SetString(PyExc_TypeError, "clearing: set_up takes three classes and an exception");
        return nullptr;
    }
    if (!find_slots(order_at, given[0]) || !find_slots(account_at, given[1]) || !find_slots(floor_at, given[2])) return nullptr;
    account_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[1]));
    floor_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[2]));
    venue_broken = Py_NewRef(given[3]);
    order_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[0]));
    Py_RETURN_NONE;
}

template <auto function>
constexpr PyMethodDef fast(const char* called, const char* text) {
    return {called, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), METH_FASTCALL, text};
}
PyMethodDef functions[] = {
    fast<set_up>("set_up", "Say which classes the venue's orders, accounts and floors are of."),
    fast<guarded<place, 9>>("place", "Place a plain limit order; its number, negative if the band was left, 0 if it is not plain."),
    fast<guarded<account_mark, 1>>("account_mark", "A hash of what an account has."),
    fast<guarded<clear_run, 8>>("clear_run", "Do the events of commands that are done again, up to a rare one: how far it came."),
    fast<guarded<take, 5>>("take", "Take an order out; whether it was plain."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool add_clearing(PyObject* module) {
    return intern_names() && PyModule_AddFunctions(module, functions) == 0;
}

}  // namespace openscrip
