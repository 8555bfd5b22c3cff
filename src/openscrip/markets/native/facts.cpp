#include "facts.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "python.hpp"

namespace openscrip {

PyTypeObject* facts_type = nullptr;

namespace {

constexpr int64_t turnover_max = int64_t{1} << 62;

void facts_free(PyObject* self) {
    auto* const facts = reinterpret_cast<Facts*>(self);
    delete facts->rows;
    delete facts->events;
    PyTypeObject* const type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}
PyObject* facts_rows(PyObject* self, PyObject*) {
    const auto& rows = *reinterpret_cast<Facts*>(self)->rows;
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(rows.data()),
                                     static_cast<Py_ssize_t>(rows.size() * sizeof(Fact)));
}
PyObject* facts_events(PyObject* self, PyObject*) {
    const auto& events = *reinterpret_cast<Facts*>(self)->events;
    return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(events.data()),
                                     static_cast<Py_ssize_t>(events.size() * sizeof(Event)));
}
PyObject* facts_sequence(PyObject* self, void*) {
    const auto& rows = *reinterpret_cast<Facts*>(self)->rows;
    return PyLong_FromLongLong(rows.empty() ? 0 : rows.back().sequence);
}
PyObject* facts_first(PyObject* self, void*) {
    const auto& rows = *reinterpret_cast<Facts*>(self)->rows;
    return PyLong_FromLongLong(rows.empty() ? 0 : rows.front().sequence);
}
// traded(): what traded, by instrument and minute, in order: (instrument, time_us of the first, open, high, low, close, turnover,
// lots, trades, lots of the last).
PyObject* facts_traded(PyObject* self, PyObject*) {
    struct Minute {
        int64_t instrument, time_us, open, high, low, close, turnover, lots, count, last_lots;
    };
    constexpr int64_t minute_us = 60'000'000;
    std::vector<Minute> minutes;
    for (const Fact& fact : *reinterpret_cast<Facts*>(self)->rows) {
        if (fact.kind != static_cast<int64_t>(Told::printed)) continue;
        const Wide turnover = Wide{fact.price} * fact.lots;
        Minute* last = minutes.empty() ? nullptr : &minutes.back();
        if (!last || last->instrument != fact.instrument || last->time_us / minute_us != fact.time_us / minute_us
            || last->turnover + turnover > turnover_max) {
            minutes.push_back({fact.instrument, fact.time_us, fact.price, fact.price, fact.price, 0, 0, 0, 0, 0});
            last = &minutes.back();
        }
        last->high = std::max(last->high, fact.price), last->low = std::min(last->low, fact.price), last->close = fact.price;
        last->turnover += static_cast<int64_t>(turnover), last->lots += fact.lots, last->last_lots = fact.lots;
        ++last->count;
    }
    PyObject* const list = PyList_New(0);
    for (const Minute& each : minutes) {
        PyObject* const made = Py_BuildValue("(LLLLLLLLLL)", each.instrument, each.time_us, each.open, each.high, each.low,
                                             each.close, each.turnover, each.lots, each.count, each.last_lots);
        const bool is_kept = list && made && !PyList_Append(list, made);
        Py_XDECREF(made);
        if (!is_kept) {
            Py_XDECREF(list);
            return nullptr;
        }
    }
    return list;
}
// prints(limit): of each instrument the newest trades, in order: (instrument, trade, time_us, side, price, lots).
PyObject* facts_prints(PyObject* self, PyObject* limit) {
    const Py_ssize_t most = PyLong_AsSsize_t(limit);
    if (most == -1 && PyErr_Occurred()) return nullptr;
    std::vector<std::pair<int64_t, Py_ssize_t>> seen;
    PyObject* const list = PyList_New(0);
    const auto& rows = *reinterpret_cast<Facts*>(self)->rows;
    for (auto fact = rows.rbegin(); list && fact != rows.rend(); ++fact) {
        if (fact->kind != static_cast<int64_t>(Told::printed)) continue;
        auto known = std::find_if(seen.begin(), seen.end(), [&](const auto& one) { return one.first == fact->instrument; });
        if (known == seen.end()) known = seen.insert(seen.end(), {fact->instrument, 0});
        if (known->second++ >= most) continue;
        PyObject* const made = Py_BuildValue("(LLLLLL)", fact->instrument, fact->trade, fact->time_us, fact->side, fact->price,
                                             fact->lots);
        const bool is_kept = made && !PyList_Append(list, made);
        Py_XDECREF(made);
        if (!is_kept) {
            Py_DECREF(list);
            return nullptr;
        }
    }
    if (list && PyList_Reverse(list)) {
        Py_DECREF(list);
        return nullptr;
    }
    return list;
}
// What one book shows, on the tables of `depth.Shown`: orders, lines by side, prices touched by side.
class Shown {
public:
    explicit Shown(PyObject* tables) : orders_(part(tables, 0)), lines_{part(tables, 1), part(tables, 2)},
                                       touched_{part(tables, 3), part(tables, 4)} {}

    void apply(const Event& event, int64_t at_us) {
        switch (static_cast<Kind>(event.kind)) {
            case Kind::rested: return rest(event, at_us);
            case Kind::traded: {
                take(Ref(boxed(event.other)).get(), event.lots, event.detail);
                const Ref order(boxed(event.order));
                if (PyDict_Contains(orders_, order.get()) == 1) take(order.get(), event.lots, event.left);
                return;
            }
            case Kind::cancelled: {
                const Ref order(boxed(event.order));
                if (PyDict_Contains(orders_, order.get()) == 1) remove(order.get());
                return;
            }
            default: return;
        }
    }

private:
    static PyObject* part(PyObject* tables, Py_ssize_t at) { return PyTuple_GET_ITEM(tables, at); }
    static PyObject* item(PyObject* table, PyObject* key) {
        PyObject* const found = PyDict_GetItemWithError(table, key);
        if (!found) {
            if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
            throw Failed{};
        }
        return found;
    }
    void touch(std::size_t side, PyObject* price) {
        if (PySet_Add(touched_[side], price)) throw Failed{};
    }
    void rest(const Event& event, int64_t at_us) {
        const auto side = static_cast<std::size_t>(event.side);
        const Ref order(boxed(event.order)), price(boxed(event.price)), lots(boxed(event.lots));
        const Ref about(Py_BuildValue("(LOL)", event.side, price.get(), at_us));
        put(orders_, order.get(), about.get());
        PyObject* line = PyDict_GetItemWithError(lines_[side], price.get());
        if (!line) {
            const Ref made(PyDict_New());
            put(lines_[side], price.get(), made.get());
            line = made.get();
        }
        put(line, order.get(), lots.get());
        touch(side, price.get());
    }
    void take(PyObject* order, int64_t lots, int64_t left) {
        if (!left) return remove(order);
        PyObject *const about = item(orders_, order), *const price = PyTuple_GET_ITEM(about, 1);
        const auto side = static_cast<std::size_t>(number_of(PyTuple_GET_ITEM(about, 0)));
        PyObject* const line = item(lines_[side], price);
        const Ref after(boxed(std::max<int64_t>(0, number_of(item(line, order)) - lots)));
        put(line, order, after.get());
        touch(side, price);
    }
    void remove(PyObject* order) {
        const Ref about(Py_NewRef(item(orders_, order)));
        PyObject* const price = PyTuple_GET_ITEM(about.get(), 1);
        const auto side = static_cast<std::size_t>(number_of(PyTuple_GET_ITEM(about.get(), 0)));
        take_out(orders_, order);
        take_out(item(lines_[side], price), order);
        touch(side, price);
    }

    PyObject* orders_;
    PyObject* lines_[2];
    PyObject* touched_[2];
};

// show(tables): have each book's tables follow, by instrument; which did, with the time of the last: {instrument: time_us}.
PyObject* facts_show(PyObject* self, PyObject* tables) {
    auto& facts = *reinterpret_cast<Facts*>(self);
    try {
        const Ref shown(PyDict_New());
        for (const Fact& fact : *facts.rows) {
            if (fact.kind != static_cast<int64_t>(Told::book)) continue;
            const Ref instrument(boxed(fact.instrument)), time_us(boxed(fact.time_us));
            PyObject* const its = PyDict_GetItemWithError(tables, instrument.get());
            if (!its) {
                if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, instrument.get());
                throw Failed{};
            }
            Shown book(its);
            for (int64_t at = 0; at < fact.flag; ++at) {
                book.apply((*facts.events)[static_cast<std::size_t>(fact.cause + at)], fact.time_us);
            }
            put(shown.get(), instrument.get(), time_us.get());
        }
        return Py_NewRef(shown.get());
    } catch (const Failed&) {
        return nullptr;
    }
}
Py_ssize_t facts_length(PyObject* self) { return static_cast<Py_ssize_t>(reinterpret_cast<Facts*>(self)->rows->size()); }

PyMethodDef facts_methods[] = {
    {"rows", facts_rows, METH_NOARGS, "The facts, as bytes."},
    {"traded", facts_traded, METH_NOARGS, "What traded, by instrument and minute."},
    {"prints", facts_prints, METH_O, "The newest trades of each instrument."},
    {"show", facts_show, METH_O, "Have the tables of what books show follow."},
    {"events", facts_events, METH_NOARGS, "The events of books, as bytes."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef facts_members[] = {
    {"first", facts_first, nullptr, "The number of the first record that they tell of.", nullptr},
    {"sequence", facts_sequence, nullptr, "The number of the last record that they tell of.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot facts_slots[] = {
    {Py_tp_methods, facts_methods},
    {Py_tp_getset, facts_members},
    {Py_tp_dealloc, reinterpret_cast<void*>(facts_free)},
    {Py_sq_length, reinterpret_cast<void*>(facts_length)},
    {0, nullptr},
};
PyType_Spec facts_spec = {"openscrip.markets.native.native_book.Facts", sizeof(Facts), 0,
                          Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, facts_slots};

}  // namespace

bool add_facts(PyObject* module) {
    PyObject* const type = PyType_FromSpec(&facts_spec);
    if (!type) return false;
    facts_type = reinterpret_cast<PyTypeObject*>(type);
    return PyModule_AddObjectRef(module, "Facts", type) == 0;
}

}  // namespace openscrip
