// What listeners of plain orders are told, as executions.py words it; and frames put together.
#include "wire.hpp"

#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "facts.hpp"
#include "python.hpp"
#include "text.hpp"

namespace openscrip {
namespace {

constexpr std::size_t items_max = 50;

// Kraken's words, given once by Python: kinds of orders, and why an order ended.
std::vector<std::string> order_types, causes;
std::string self_trade_reason;

// How numbers of an instrument are shown: `Units.plain` in executions.py.
struct Units {
    int64_t price, lots, value, usd_micros, scale;
    std::string_view quote, symbol;

    explicit Units(PyObject* tuple) {
        auto* const each = &price;
        for (Py_ssize_t at = 0; at < 5; ++at) each[at] = number_of(PyTuple_GET_ITEM(tuple, at));
        quote = text_in(PyTuple_GET_ITEM(tuple, 5)), symbol = text_in(PyTuple_GET_ITEM(tuple, 6));
    }
    int64_t dollars(int64_t amount) const {
        const Wide product = Wide{amount} * usd_micros;
        return static_cast<int64_t>(product >= 0 ? product / 1'000'000 : -((-product + 999'999) / 1'000'000));
    }
};

constexpr std::string_view side_of(int64_t side) { return side ? "sell" : "buy"; }

class Executions {
public:
    Executions(PyObject* spellings, PyObject* units, int64_t sequence)
        : spellings_(spellings), units_(units), list_(PyList_New(0)), sequence_(sequence) {
        if (!list_) throw Failed{};
    }
    Executions(const Executions&) = delete;
    Executions& operator=(const Executions&) = delete;
    ~Executions() { Py_DECREF(list_); }

    void tell(const Fact& fact) {
        const auto kind = static_cast<Told>(fact.kind);
        const bool is_trade = kind == Told::traded;
        if (count_ && (is_trade != of_trades_ || count_ == items_max)) finish();
        of_trades_ = is_trade;
        find(fact.instrument);
        if (!count_++) text_ << R"({"channel":"executions","type":"update","data":[)";
        const Units units(found_);
        if (is_trade) {
            traded(fact, units);
        } else if (kind == Told::placed) {
            opened(fact, units);
        } else {
            ended(fact, units);
        }
        text_ << ",";
    }
    PyObject* done() {
        if (count_) finish();
        return Py_NewRef(list_);
    }

private:
    void find(int64_t instrument) {
        if (instrument == instrument_) return;
        PyObject* const key = PyLong_FromLongLong(instrument);
        if (!key) throw Failed{};
        found_ = PyDict_GetItemWithError(units_, key);
        PyObject* const spelt = found_ ? PyDict_GetItemWithError(spellings_, key) : nullptr;
        Py_DECREF(key);
        if (!found_) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_KeyError, "wire: instrument %lld", instrument);
            throw Failed{};
        }
        symbol_ = text_in(spelt ? spelt : PyTuple_GET_ITEM(found_, 6));
        instrument_ = instrument;
    }
    void finish() {
        text_.pop();
        text_ << R"(],"sequence":)";
        text_.number(++sequence_) << "}";
        PyObject* const made = text_.bytes();
        if (!made || PyList_Append(list_, made)) {
            Py_XDECREF(made);
            throw Failed{};
        }
        Py_DECREF(made);
        text_.clear();
        count_ = 0;
    }

    Text& named(const Fact& fact) {
        if (fact.name_bytes) return (text_ << R"("cl_ord_id":)").quoted(fact.client_id());
        return (text_ << R"("order_userref":)").number(fact.user_reference);
    }
    Text& head(const Fact& fact) {
        (text_ << R"({"order_id":")").id('O', fact.order) << R"(",)";
        return named(fact) << R"(,"symbol":")" << symbol_ << "\"";
    }
    Text& filled(const Fact& fact, const Units& units) {
        const int64_t price = fact.filled ? fact.cost / (fact.filled * units.scale) : 0;
        (text_ << R"(,"cum_qty":)").decimal(fact.filled, units.lots) << R"(,"cum_cost":)";
        text_.decimal(fact.cost, units.value) << R"(,"avg_price":)";
        text_.decimal(price, units.price) << R"(,"fee_usd_equiv":)";
        return text_.decimal(units.dollars(fact.fees), units.value) << R"(,"fee_ccy_pref":"fciq")";
    }
    void end(const Fact& fact) { (text_ << R"(,"timestamp":")").time(fact.time_us) << "\"}"; }

    void opened(const Fact& fact, const Units& units) {
        head(fact) << R"(,"side":")" << side_of(fact.side) << R"(","order_type":"limit","order_qty":)";
        text_.decimal(fact.lots, units.lots) << R"(,"time_in_force":"GTC","limit_price":)";
        text_.decimal(fact.price, units.price) << R"(,"limit_price_type":"static")";
        filled(fact, units) << R"(,"exec_type":"pending_new","order_status":"pending_new")";
        end(fact);
        text_ << ",";
        head(fact) << R"(,"exec_type":"new","order_status":"new")";
        end(fact);
    }
    void traded(const Fact& fact, const Units& units) {
        (text_ << R"({"order_id":")").id('O', fact.order) << R"(","exec_id":")";
        text_.id('T', 2 * fact.trade + fact.side) << R"(",)";
        named(fact) << R"(,"symbol":")" << symbol_ << R"(","exec_type":"trade","trade_id":)";
        text_.number(fact.trade) << R"(,"side":")" << side_of(fact.side) << R"(","order_type":")" << type(fact);
        (text_ << R"(","last_qty":)").decimal(fact.lots, units.lots) << R"(,"last_price":)";
        text_.decimal(fact.price, units.price) << R"(,"liquidity_ind":")" << (fact.flag ? "m" : "t") << R"(","cost":)";
        text_.decimal(fact.value, units.value) << R"(,"order_status":")" << (fact.left ? "partially_filled" : "filled") << "\"";
        filled(fact, units) << R"(,"fees":[{"asset":")" << units.quote << R"(","qty":)";
        text_.decimal(fact.fee, units.value) << "}]";
        end(fact);
    }
    void ended(const Fact& fact, const Units& units) {
        const bool is_filled = fact.flag == 0;
        head(fact) << R"(,"side":")" << side_of(fact.side) << R"(","order_type":")" << type(fact) << R"(","order_qty":)";
        const std::string_view kind = is_filled ? "filled" : "canceled";
        text_.decimal(fact.left + fact.filled, units.lots) << R"(,"exec_type":")" << kind << R"(","order_status":")" << kind << "\"";
        filled(fact, units);
        if (!is_filled) {
            const bool has_cause = fact.flag == 1 && static_cast<std::size_t>(fact.cause) < causes.size();
            text_ << R"(,"reason":")" << (has_cause ? std::string_view(causes[static_cast<std::size_t>(fact.cause)])
                                                    : std::string_view(self_trade_reason)) << "\"";
        }
        end(fact);
    }
    static std::string_view type(const Fact& fact) { return order_types.at(static_cast<std::size_t>(fact.order_kind)); }

    PyObject *spellings_, *units_, *list_;
    PyObject* found_ = nullptr;
    std::string_view symbol_;
    int64_t sequence_, instrument_ = -1;
    Text& text_ = scratch();
    std::size_t count_ = 0;
    bool of_trades_ = false;
};

bool is_about(const Fact& fact, int64_t account) {
    return fact.account == account && fact.kind <= static_cast<int64_t>(Told::done);
}

// executions(rows, account, after, sequence, spellings, units): the messages for one listener, numbered after `sequence`.
PyObject* executions(PyObject* const* given) {
    if (Py_TYPE(given[0]) != facts_type) {
        PyErr_SetString(PyExc_TypeError, "wire: rows were wanted");
        throw Failed{};
    }
    const int64_t account = number_of(given[1]), after = number_of(given[2]);
    Executions told(given[4], given[5], number_of(given[3]));
    for (const Fact& fact : *reinterpret_cast<Facts*>(given[0])->rows) {
        if (fact.account == account && fact.sequence > after && is_about(fact, account)) told.tell(fact);
    }
    return told.done();
}

// about(rows, account, known, buys, sells): note the orders that came, forget those that went; how many sides traded.
PyObject* about(PyObject* const* given) {
    if (Py_TYPE(given[0]) != facts_type) {
        PyErr_SetString(PyExc_TypeError, "wire: rows were wanted");
        throw Failed{};
    }
    const int64_t account = number_of(given[1]);
    long facts = 0;
    for (const Fact& fact : *reinterpret_cast<Facts*>(given[0])->rows) {
        if (fact.account != account || !is_about(fact, account)) continue;
        ++facts;
        const auto kind = static_cast<Told>(fact.kind);
        if (kind == Told::traded) continue;
        PyObject* const key = PyLong_FromLongLong(fact.order);
        if (!key) throw Failed{};
        int failed = 0;
        if (kind == Told::placed) {
            failed = PyDict_SetItem(given[2], key, fact.side ? given[4] : given[3]);
        } else if (PyDict_Contains(given[2], key) == 1) {
            failed = PyDict_DelItem(given[2], key);
        }
        Py_DECREF(key);
        if (failed) throw Failed{};
    }
    return PyLong_FromLong(facts);
}

// framed(payloads): text frames as a server sends them, in one piece.
PyObject* framed(PyObject* const* given) {
    PyObject* const payloads = given[0];
    if (!PyList_Check(payloads)) {
        PyErr_SetString(PyExc_TypeError, "wire: a list of payloads was wanted");
        throw Failed{};
    }
    const Py_ssize_t count = PyList_GET_SIZE(payloads);
    Py_ssize_t total = 0;
    for (Py_ssize_t at = 0; at < count; ++at) {
        if (!PyBytes_Check(PyList_GET_ITEM(payloads, at))) {
            PyErr_SetString(PyExc_TypeError, "wire: payloads are bytes");
            throw Failed{};
        }
        const Py_ssize_t size = PyBytes_GET_SIZE(PyList_GET_ITEM(payloads, at));
        total += size + (size <= 125 ? 2 : size <= 65'535 ? 4 : 10);
    }
    PyObject* const made = PyBytes_FromStringAndSize(nullptr, total);
    if (!made) throw Failed{};
    auto* out = reinterpret_cast<unsigned char*>(PyBytes_AS_STRING(made));
    for (Py_ssize_t at = 0; at < count; ++at) {
        PyObject* const payload = PyList_GET_ITEM(payloads, at);
        const auto size = static_cast<std::uint64_t>(PyBytes_GET_SIZE(payload));
        const int length_bytes = size <= 125 ? 0 : size <= 65'535 ? 2 : 8;
        *out++ = 0x81;
        *out++ = static_cast<unsigned char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127);
        for (int byte = length_bytes - 1; byte >= 0; --byte) *out++ = static_cast<unsigned char>(size >> (8 * byte));
        std::memcpy(out, PyBytes_AS_STRING(payload), size);
        out += size;
    }
    return made;
}

// set_words(order types, causes, what a self trade is called)
PyObject* set_words(PyObject* const* given) {
    order_types.clear(), causes.clear();
    for (Py_ssize_t at = 0; at < PyTuple_Size(given[0]); ++at) order_types.emplace_back(text_in(PyTuple_GET_ITEM(given[0], at)));
    for (Py_ssize_t at = 0; at < PyTuple_Size(given[1]); ++at) causes.emplace_back(text_in(PyTuple_GET_ITEM(given[1], at)));
    self_trade_reason = text_in(given[2]);
    return Py_NewRef(Py_None);
}

template <PyObject* (*act)(PyObject* const*), Py_ssize_t wanted>
PyObject* guarded(PyObject*, PyObject* const* given, Py_ssize_t count) {
    if (count != wanted) {
        PyErr_Format(PyExc_TypeError, "wire: %zd arguments were given, not %zd", count, wanted);
        return nullptr;
    }
    try {
        return act(given);
    } catch (const Failed&) {
        return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
        return nullptr;
    }
}
template <PyObject* (*act)(PyObject* const*), Py_ssize_t wanted>
constexpr PyMethodDef fast(const char* called, const char* text) {
    return {called, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(guarded<act, wanted>)), METH_FASTCALL, text};
}
PyMethodDef functions[] = {
    fast<set_words, 3>("set_words", "Say Kraken's words."),
    fast<executions, 6>("executions", "The messages of one listener."),
    fast<about, 5>("about", "Note the orders of an account that came and went; how many facts were about it."),
    fast<framed, 1>("framed", "Payloads as text frames, in one piece."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool add_wire(PyObject* module) { return PyModule_AddFunctions(module, functions) == 0; }

}  // namespace openscrip
