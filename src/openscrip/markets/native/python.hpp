// What the doors of this module use of Python: owned references, numbers, texts, members of classes with slots.
#pragma once

#include <Python.h>
#include <structmember.h>

#include <cstdint>
#include <string_view>

namespace openscrip {

using std::int64_t;
using Wide = __int128;

struct Failed {};  // Python's error is set
struct Plain {};   // it is not plain: Python is to do it

// An owned reference.
class Ref {
public:
    explicit Ref(PyObject* owned) : held_(owned) {
        if (!owned) throw Failed{};
    }
    Ref(const Ref&) = delete;
    Ref& operator=(const Ref&) = delete;
    ~Ref() { Py_DECREF(held_); }
    PyObject* get() const { return held_; }

private:
    PyObject* held_;
};

inline int64_t number_of(PyObject* number) {
    const int64_t value = PyLong_AsLongLong(number);
    if (value == -1 && PyErr_Occurred()) throw Failed{};
    return value;
}

// Members of Python's classes with slots, by their place in the object.
struct Member {
    const char* name;
    Py_ssize_t at = 0;

    PyObject*& in(PyObject* object) const { return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + at); }
    int64_t number(PyObject* object) const { return number_of(in(object)); }
    bool truth(PyObject* object) const { return in(object) == Py_True; }
    void set(PyObject* object, PyObject* owned) const {
        if (!owned) throw Failed{};
        PyObject*& place = in(object);
        PyObject* const before = place;
        place = owned;
        Py_XDECREF(before);
    }
    void set(PyObject* object, int64_t value) const { set(object, PyLong_FromLongLong(value)); }
    void add(PyObject* object, int64_t value) const { set(object, number(object) + value); }
};

template <class Slots>
bool find_slots(Slots& slots, PyObject* type) {
    auto* const each = reinterpret_cast<Member*>(&slots);
    for (std::size_t at = 0; at < sizeof(Slots) / sizeof(Member); ++at) {
        PyObject* const member = PyObject_GetAttrString(type, each[at].name);
        if (!member) return false;
        if (Py_TYPE(member) != &PyMemberDescr_Type) {
            PyErr_Format(PyExc_TypeError, "clearing: %s was no slot", each[at].name);
            Py_DECREF(member);
            return false;
        }
        each[at].at = reinterpret_cast<PyMemberDescrObject*>(member)->d_member->offset;
        Py_DECREF(member);
    }
    return true;
}

inline std::string_view text_in(PyObject* text) {
    Py_ssize_t size = 0;
    const char* const bytes = PyUnicode_AsUTF8AndSize(text, &size);
    if (!bytes) throw Failed{};
    return {bytes, static_cast<std::size_t>(size)};
}

inline void put(PyObject* into, PyObject* key, PyObject* thing) {
    if (PyDict_SetItem(into, key, thing)) throw Failed{};
}
inline void take_out(PyObject* from, PyObject* key) {
    if (PyDict_DelItem(from, key)) throw Failed{};
}

// A number as Python keeps it.
inline PyObject* boxed(int64_t value) { return PyLong_FromLongLong(value); }

}  // namespace openscrip
