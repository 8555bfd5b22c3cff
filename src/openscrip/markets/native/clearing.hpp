// Plain orders from the venue's checks to its facts in one call: what ordering.py, clearing.py and writing.py do, on the
// same objects of Python. Whatever is not plain is left to them, before anything has changed.
#pragma once

#include <Python.h>

#include <cstdint>

namespace openscrip {

// Functions and types for the module; false with Python's error set.
bool add_clearing(PyObject* module);

// place(venue, account, instrument, side, lots, price, client_id, user_reference, now_us): the order's number, negative if the
// band was left; 0 if it is not plain, and then nothing was done.
std::int64_t place_order(PyObject* const* given);
// take(venue, account, order, cause, now_us): whether it was done; 0 if it is for Python, and then nothing was.
std::int64_t take_order(PyObject* const* given);

// An open order; all borrowed.
struct Found {
    PyObject *number, *instrument, *client_id;
    std::int64_t placed_us;
};
// The account's open order of that client id or, with none, of that number.
bool find_order(PyObject* venue, PyObject* account, PyObject* client_id, PyObject* number, Found& found);

}  // namespace openscrip
