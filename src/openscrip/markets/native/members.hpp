// The venue's objects in Python as the native clearing sees them: members of orders, accounts and floors, and their amounts.
#pragma once

#include <cstdint>
#include <cstring>
#include <iterator>

#include "python.hpp"

namespace openscrip {

constexpr int64_t rate_one = 1'000'000, amount_max = int64_t{1} << 62;

struct OrderSlots {
    Member asset{"asset"}, client_id{"client_id"}, cost{"cost"}, display{"display"}, fees{"fees"}, filled{"filled"}, held{"held"},
        hold_per_lot{"hold_per_lot"}, id{"id"}, instrument{"instrument"}, is_waiting{"is_waiting"}, left{"left"}, lots{"lots"},
        owner{"owner"}, placed_us{"placed_us"}, price{"price"}, rate_max{"rate_max"}, reduce_only{"reduce_only"}, row{"row"},
        side{"side"}, told_terms{"told_terms"}, trigger{"trigger"}, user_reference{"user_reference"};
};
inline OrderSlots order_at;
struct AccountSlots {
    Member balances{"balances"}, client_ids{"client_ids"}, counts{"counts"}, dead_man_us{"dead_man_us"}, held{"held"},
        number{"number"}, orders{"orders"}, rates{"rates"}, schedule{"schedule"}, stopped{"stopped"}, volume{"volume"},
        volume_before{"volume_before"};
};
inline AccountSlots account_at;
struct FloorSlots {
    Member base{"base"}, book{"book"}, breached{"breached"}, bounds{"bounds"}, high{"high"}, last{"last"},
        last_order{"last_order"}, lot_units{"lot_units"}, low{"low"}, makers{"makers"}, quote{"quote"},
        quote_at_us{"quote_at_us"}, quoted{"quoted"}, scale{"scale"}, schedule{"schedule"}, state{"state"},
        usd_micros{"usd_micros"};
};
inline FloorSlots floor_at;

inline PyTypeObject *order_type = nullptr, *account_type = nullptr, *floor_type = nullptr;
inline PyObject* venue_broken = nullptr;

// Names of the venue's attributes.
struct Names {
    PyObject *accounts, *floors, *orders, *house, *sequence, *time_us, *last_order, *trades, *entries, *is_stopped, *is_telling,
        *touched, *facts, *written, *clear, *rates, *value;
};
inline Names name;

inline bool intern_names() {
    const char* const texts[] = {"accounts", "floors", "orders", "house", "sequence", "time_us", "last_order", "trades",
                                 "entries", "is_stopped", "is_telling", "touched", "facts", "_written", "clear", "rates", "value"};
    auto** const each = reinterpret_cast<PyObject**>(&name);
    for (std::size_t at = 0; at < std::size(texts); ++at) {
        each[at] = PyUnicode_InternFromString(texts[at]);
        if (!each[at]) return false;
    }
    return true;
}

inline int64_t amount_in(PyObject* amounts, PyObject* asset) {
    PyObject* const found = PyDict_GetItemWithError(amounts, asset);
    if (found) return number_of(found);
    if (PyErr_Occurred()) throw Failed{};
    return 0;
}

inline int64_t add_amount(PyObject* amounts, PyObject* asset, int64_t amount) {
    const int64_t after = amount_in(amounts, asset) + amount;
    const Ref number(PyLong_FromLongLong(after));
    if (PyDict_SetItem(amounts, asset, number.get())) throw Failed{};
    return after;
}

inline int64_t narrow(Wide value) {
    if (value > amount_max || value < -amount_max) {
        PyErr_SetString(PyExc_OverflowError, "clearing: an amount was beyond every balance");
        throw Failed{};
    }
    return static_cast<int64_t>(value);
}

// Rounded up: what is paid; a rebate, below 0, is rounded down in its size.
inline int64_t fee_up(int64_t value, int64_t rate) {
    const Wide product = Wide{value} * rate;
    return narrow(product > 0 ? (product + rate_one - 1) / rate_one : -(-product / rate_one));
}

inline void append(PyObject* array, const void* bytes, Py_ssize_t size) {
    const Py_ssize_t before = PyByteArray_GET_SIZE(array);
    if (PyByteArray_Resize(array, before + size)) throw Failed{};
    std::memcpy(PyByteArray_AS_STRING(array) + before, bytes, static_cast<std::size_t>(size));
}

}  // namespace openscrip
