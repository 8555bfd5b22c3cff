// The door to Python: it translates and does nothing else. The calls that are made for every order are written out by hand;
// nothing given back is a view of the book's memory.
#include <array>
#include <cstdint>
#include <stdexcept>

#include "clearing.hpp"
#include "desk.hpp"
#include "facts.hpp"
#include "native_book.hpp"
#include "wire.hpp"

namespace openscrip {
namespace {

// Methods by Python's own fast calls: half the price of general ones, which matters at a hundred nanoseconds an order.

template <std::size_t count>
std::array<std::int64_t, count> numbers_of(PyObject* const* given) {
    std::array<std::int64_t, count> numbers;
    for (std::size_t at = 0; at < count; ++at) {
        numbers[at] = PyLong_AsLongLong(given[at]);
        if (numbers[at] == -1 && PyErr_Occurred()) throw nb::python_error();
    }
    return numbers;
}

Row row_of(PyObject* const* given, Py_ssize_t count) {
    if (count != 10) throw std::invalid_argument("book: a command has ten columns");
    const auto n = numbers_of<10>(given);
    return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9]};
}

Row limit_of(PyObject* const* given) {
    const auto [id, owner, side, price, lots] = numbers_of<5>(given);
    return {1, id, owner, side & 1, 0, lots, price, 0, 0, 0};
}

// What `act` gives; a C++ exception becomes Python's.
template <class Act>
PyObject* guarded(PyObject* self, Py_ssize_t given, Py_ssize_t wanted, Act act) {
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "book: %zd arguments were given, not %zd", given, wanted);
        return nullptr;
    }
    try {
        NativeBook& book = *nb::inst_ptr<NativeBook>(self);
        (void)book.book();
        return act(book);
    } catch (nb::python_error& error) {
        error.restore();
    } catch (const std::invalid_argument& error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return nullptr;
}

PyObject* add(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 5, [&](NativeBook& book) { return book.one(limit_of(given)), book.told(); });
}
PyObject* cancel(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 1, [&](NativeBook& book) {
        return book.one({2, numbers_of<1>(given)[0], 0, 0, 0, 0, 0, 0, 0, 0}), book.told();
    });
}
PyObject* enter(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 5, [&](NativeBook& book) { return PyLong_FromSize_t(book.one(limit_of(given))); });
}
PyObject* leave(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 1, [&](NativeBook& book) {
        return PyLong_FromSize_t(book.one({2, numbers_of<1>(given)[0], 0, 0, 0, 0, 0, 0, 0, 0}));
    });
}
PyObject* apply_row(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 1, [&](NativeBook& book) -> PyObject* {
        const nb::object items = nb::steal(PySequence_Fast(given[0], "book: a command is a sequence"));
        if (!items.is_valid()) throw nb::python_error();
        book.one(row_of(PySequence_Fast_ITEMS(items.ptr()), PySequence_Fast_GET_SIZE(items.ptr())));
        return book.told();
    });
}
PyObject* told(PyObject* self, PyObject* const*, Py_ssize_t count) {
    return guarded(self, count, 0, [](NativeBook& book) { return book.told(); });
}
PyObject* batch(PyObject* self, PyObject* const* given, Py_ssize_t count) {
    return guarded(self, count, 2, [&](NativeBook& book) {
        const auto [done, events] = book.batch(given[0], given[1]);
        return Py_BuildValue("(nn)", static_cast<Py_ssize_t>(done), static_cast<Py_ssize_t>(events));
    });
}

template <auto method>
constexpr PyMethodDef fast(const char* name, const char* text) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(method)), METH_FASTCALL, text};
}

PyMethodDef methods[] = {
    fast<add>("add", "A limit order until cancelled; its events."),
    fast<cancel>("cancel", "Take an order out; its events."),
    fast<enter>("enter", "As add; how many events, which told then gives."),
    fast<leave>("leave", "As cancel; how many events, which told then gives."),
    fast<apply_row>("apply_row", "Do one command; its events."),
    fast<told>("told", "The events of the last command."),
    fast<batch>("batch", "Do commands until the table of events is full: how many were done, how many events were told."),
    {nullptr, nullptr, 0, nullptr},
};
PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};

}  // namespace
}  // namespace openscrip

NB_MODULE(native_book, module) {
    namespace nb = nanobind;
    using openscrip::NativeBook;
    // A process may end while threads hold books: there is nothing that anybody should do about it.
    nb::set_leak_warnings(false);
    for (const auto add : {openscrip::add_facts, openscrip::add_clearing, openscrip::add_wire, openscrip::add_desk}) {
        if (!add(module.ptr())) throw nb::python_error();
    }
    nb::class_<NativeBook>(module, "NativeBook", nb::type_slots(openscrip::slots))
        .def(nb::init<int, std::size_t, std::size_t>(), nb::arg("window_bits") = 18,
             nb::arg("orders_max") = std::size_t{1} << 22, nb::arg("activations_max") = 10'000)
        .def("batch_timed", &NativeBook::batch_timed)
        .def("state", [](NativeBook& self) { return self.book().state(); })
        .def("load", [](NativeBook& self, const std::vector<std::int64_t>& numbers) { self.book().load(numbers); })
        .def("depth", [](NativeBook& self, int side, std::size_t levels) {
            return self.book().depth(side ? openscrip::Side::sell : openscrip::Side::buy, levels);
        })
        .def_prop_ro("digest", [](NativeBook& self) { return self.book().digest(); })
        .def_prop_ro("sequence", [](NativeBook& self) { return self.book().sequence(); })
        .def_prop_ro("last", [](NativeBook& self) { return self.book().last; })
        .def_prop_ro("last_id", [](NativeBook& self) { return self.book().last_id; })
        .def_prop_ro("phase", [](NativeBook& self) { return static_cast<int>(self.book().phase); })
        .def_prop_ro("resting", [](NativeBook& self) { return self.book().resting(); })
        .def_prop_ro("waiting", [](NativeBook& self) { return self.book().waiting(); });
}
