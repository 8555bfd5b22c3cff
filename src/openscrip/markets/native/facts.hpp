// Facts of plain orders as rows of numbers: Python makes objects of them only where somebody reads them (see compact.py).
#pragma once

#include <Python.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "words.hpp"

namespace openscrip {

enum class Told : std::int64_t { placed = 1, traded, done, printed, book };

// One fact; what a kind does not have is 0. `compact.py` has the same columns.
struct Fact {
    std::int64_t kind, sequence, time_us, instrument, order, account, side, order_kind, user_reference;
    std::int64_t price, lots, value, fee, left, filled, cost, fees, trade, entry, base_balance, quote_balance;
    std::int64_t flag;   // traded: whether it made; done: ending; printed: by a market order; book: how many events
    std::int64_t cause;  // done: its cause; book: the place of its first event
    std::int64_t name_bytes;
    char name[40];

    void set_name(std::string_view text) {
        name_bytes = static_cast<std::int64_t>(text.size());
        std::memcpy(name, text.data(), text.size());
    }
    std::string_view client_id() const { return {name, static_cast<std::size_t>(name_bytes)}; }
};
constexpr std::size_t name_max = 36;
static_assert(sizeof(Fact) == 29 * 8);

// What Python holds: the facts of plain orders in a row, and the events of their books.
struct Facts {
    PyObject_HEAD
    std::vector<Fact>* rows;
    std::vector<Event>* events;
};
extern PyTypeObject* facts_type;

// Their type for the module; false with Python's error set.
bool add_facts(PyObject* module);

}  // namespace openscrip
