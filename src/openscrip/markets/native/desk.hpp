// Plain requests of the WebSocket from their bytes to their replies in one call: limit orders until cancelled, and cancels of
// one order. What connection.py, orders.py and counters.py would do of them; anything else is left to those, and so is whatever
// would be refused, but for a cancel of an order that is not open.
#pragma once

#include <Python.h>

namespace openscrip {

// Functions for the module; false with Python's error set.
bool add_desk(PyObject* module);

}  // namespace openscrip
