#pragma once

#include <Python.h>

namespace openscrip {

// Functions for the module; false with Python's error set.
bool add_wire(PyObject* module);

}  // namespace openscrip
