// A book as Python holds it, and tables of numbers that Python lends: what the doors of this module share.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "book.hpp"

namespace openscrip {

namespace nb = nanobind;

// A table of int64 that lies in one piece in somebody's memory, held while it is used.
class Table {
public:
    Table(PyObject* table, Py_ssize_t columns, int flags) {
        if (PyObject_GetBuffer(table, &view_, PyBUF_ND | PyBUF_FORMAT | flags) != 0) nb::raise_python_error();
        const char kind = view_.format && !view_.format[1] ? view_.format[0] : '?';
        const bool is_whole = (kind == 'q' || kind == 'l') && view_.itemsize == sizeof(std::int64_t);
        const bool is_table = view_.ndim == 2 && view_.shape[1] == columns;
        if (!is_whole || !is_table || reinterpret_cast<std::uintptr_t>(view_.buf) % sizeof(std::int64_t)) {
            PyBuffer_Release(&view_);
            throw std::invalid_argument("book: a table of int64 with as many columns as a row has was wanted");
        }
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;
    ~Table() { PyBuffer_Release(&view_); }

    std::size_t rows() const { return static_cast<std::size_t>(view_.shape[0]); }
    template <class Thing>
    Thing* begin() const { return static_cast<Thing*>(view_.buf); }

private:
    Py_buffer view_;
};

class NativeBook {
public:
    NativeBook(int window_bits, std::size_t orders_max, std::size_t activations_max)
        : book_(checked(window_bits), checked(orders_max), activations_max), own_(own_size) {}

    // How many commands were done and how many events were told. It stops between commands when the room ends.
    std::pair<std::size_t, std::size_t> batch(PyObject* rows, PyObject* events) {
        const Table given(rows, 10, 0), table(events, 8, PyBUF_WRITABLE);
        const Row* const row = given.begin<const Row>();
        Event* const from = table.begin<Event>();
        Event* const to = from + table.rows();
        const Busy busy(*this);
        Event* const out = drained(from, to);
        book_.tell_to(out, to);
        std::size_t done = 0;
        if (book_.spill.empty()) {
            std::optional<nb::gil_scoped_release> unlocked;
            if (given.rows() > worth_unlocking) unlocked.emplace();
            done = static_cast<std::size_t>(book_.run(row, row + given.rows()) - row);
        }
        const auto told = static_cast<std::size_t>(book_.told() - from);
        book_.tell_to(nullptr, nullptr);
        if (!done && !told && given.rows() && table.rows()) throw std::invalid_argument("book: a row was no command");
        return {done, told};
    }
    // As `batch`, one command at a time with the nanoseconds of each: for measurements.
    std::vector<std::int64_t> batch_timed(nb::handle rows) {
        const Table given(rows.ptr(), 10, 0);
        const Busy busy(*this);
        std::vector<std::int64_t> taken;
        taken.reserve(given.rows());
        for (const Row* row = given.begin<const Row>(); taken.size() < given.rows(); ++row) {
            const auto began = std::chrono::steady_clock::now();
            one(*row);
            taken.push_back(std::chrono::nanoseconds(std::chrono::steady_clock::now() - began).count());
        }
        return taken;
    }
    // Do one command; how many events it told. `told` has them until the next one.
    std::size_t one(const Row& row) {
        if (!book_.spill.empty()) throw std::invalid_argument("book: events of the last batch were not fetched yet");
        book_.tell_to(own_.data(), own_.data() + own_.size());
        count_ = 0;
        if (!book_.apply(row)) throw std::invalid_argument("book: a row was no command");
        count_ = static_cast<std::size_t>(book_.told() - own_.data());
        if (!book_.spill.empty()) [[unlikely]] {
            own_.insert(own_.begin() + static_cast<std::ptrdiff_t>(count_), book_.spill.begin(), book_.spill.end());
            count_ += book_.spill.size();
            book_.spill.clear();
        }
        return count_;
    }
    // The events of the last command: a list of tuples of eight.
    PyObject* told() const {
        PyObject* const list = PyList_New(static_cast<Py_ssize_t>(count_));
        for (std::size_t at = 0; list && at < count_; ++at) {
            PyObject* const event = tuple_of(own_[at]);
            if (!event) {
                Py_DECREF(list);
                return nullptr;
            }
            PyList_SET_ITEM(list, static_cast<Py_ssize_t>(at), event);
        }
        return list;
    }
    const Event* events() const { return own_.data(); }
    Book& book() {
        if (is_busy_) throw std::runtime_error("book: another thread is at work on it");
        return book_;
    }

private:
    static constexpr std::size_t own_size = 64, worth_unlocking = 512;

    // While the interpreter is unlocked, other threads find the book taken.
    struct Busy {
        explicit Busy(NativeBook& taken) : book(taken) { (void)book.book(), book.is_busy_ = true; }
        ~Busy() { book.is_busy_ = false; }
        Busy(const Busy&) = delete;
        Busy& operator=(const Busy&) = delete;
        NativeBook& book;
    };

    static int checked(int bits) {
        if (bits < 6 || bits > 18) throw std::invalid_argument("book: a window has 6 to 18 bits");
        return bits;
    }
    static std::size_t checked(std::size_t orders) {
        if (orders < 1 || orders >= std::size_t{1} << 31) throw std::invalid_argument("book: it holds 1 to 2^31 - 1 orders");
        return orders;
    }
    static PyObject* tuple_of(const Event& event) {
        PyObject* const tuple = PyTuple_New(8);
        const std::int64_t* const columns = &event.kind;
        for (Py_ssize_t column = 0; tuple && column < 8; ++column) {
            PyObject* const number = PyLong_FromLongLong(columns[column]);
            if (!number) {
                Py_DECREF(tuple);
                return nullptr;
            }
            PyTuple_SET_ITEM(tuple, column, number);
        }
        return tuple;
    }
    // What the last batch had no room for comes first.
    Event* drained(Event* from, Event* to) {
        const auto fits = std::min<std::size_t>(book_.spill.size(), static_cast<std::size_t>(to - from));
        std::copy_n(book_.spill.begin(), fits, from);
        book_.spill.erase(book_.spill.begin(), book_.spill.begin() + static_cast<std::ptrdiff_t>(fits));
        return from + fits;
    }

    Book book_;
    std::vector<Event> own_;
    std::size_t count_ = 0;
    bool is_busy_ = false;
};

}  // namespace openscrip
