#include "desk.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "asked.hpp"
#include "clearing.hpp"
#include "python.hpp"
#include "text.hpp"

namespace openscrip {
namespace {

constexpr std::size_t name_max = 18;
constexpr int64_t lots_max = int64_t{1} << 48;

struct SpeakerSlots {
    Member account{"account"}, may_cancel{"may_cancel"}, may_modify{"may_modify"}, tier{"tier"};
} speaker_at;
struct TierSlots {
    Member most{"engine_max"}, fall_per_s{"engine_fall_per_s"};
} tier_at;
struct CounterSlots {
    Member value{"value"}, at_s{"at_s"};
} counter_at;
struct InstrumentSlots {
    Member number{"number"}, price_decimals{"price_decimals"}, lot_decimals{"lot_decimals"};
} instrument_at;
PyTypeObject *speaker_type = nullptr, *tier_type = nullptr, *counter_type = nullptr, *instrument_type = nullptr;
double place_cost = 0;
std::vector<std::pair<int64_t, double>> cancel_costs;  // by age in microseconds, rising
std::string unknown_order;

double real_of(PyObject* number) {
    const double value = PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) throw Failed{};
    return value;
}

// A borrowed item, or nothing.
PyObject* item(PyObject* table, PyObject* key) {
    PyObject* const found = PyDict_GetItemWithError(table, key);
    if (!found && PyErr_Occurred()) throw Failed{};
    return found;
}

PyObject* text(std::string_view bytes) { return PyUnicode_DecodeASCII(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr); }

// A plain order that was placed.
struct Placed {
    int64_t number = 0, lots = 0, price = 0;
};

// One connection's requests, while they are done.
class Desk {
public:
    // Of a request over REST: it has no session, and its answer has no times.
    Desk(PyObject* venue, PyObject* counters, PyObject* now_us, double now_s)
        : venue_(venue), sessions_(nullptr), spelt_(nullptr), spellings_(nullptr), counters_(counters), held_(nullptr),
          time_in_us_(0), now_us_(now_us), now_s_(now_s) {}
    explicit Desk(PyObject* const* given)
        : venue_(given[0]), sessions_(given[1]), spelt_(given[2]), spellings_(given[3]), counters_(given[4]), held_(given[5]),
          time_in_us_(number_of(given[6])), now_us_(given[7]), now_s_(real_of(given[8])) {}

    // Whether it was plain, and done or refused; if not, nothing has changed.
    bool done(PyObject* payload) {
        Asked asked;
        const Reader reader(PyBytes_AS_STRING(payload), static_cast<std::size_t>(PyBytes_GET_SIZE(payload)));
        if (!read(reader, asked)) return false;
        const Ref token(text(asked.token));
        PyObject* const speaker = item(sessions_, token.get());
        if (!speaker || Py_TYPE(speaker) != speaker_type) return false;
        return asked.is_limit ? place(asked, speaker) : cancel(asked, speaker);
    }

    // Place a plain order and count it; false if it is not plain, and then nothing has changed.
    bool place(const Asked& asked, PyObject* account, PyObject* tier, PyObject* instrument, Placed& order) {
        if (!asked.name.empty() && (asked.reference || asked.name.size() > name_max || asked.name.find(' ') != asked.name.npos)) {
            return false;
        }
        if (Py_TYPE(instrument) != instrument_type || Py_TYPE(tier) != tier_type) return false;
        order.lots = asked.quantity, order.price = asked.price;
        if (!scale(order.lots, instrument_at.lot_decimals.number(instrument) - asked.quantity_places, lots_max)
            || !scale(order.price, instrument_at.price_decimals.number(instrument) - asked.price_places, lots_max) || !order.lots) {
            return false;
        }
        PyObject* const number = instrument_at.number.in(instrument);
        PyObject* const counter = counter_of(account, number);
        if (!counter) return false;
        const double count = fallen(counter, tier) + place_cost;
        if (count > real_of(tier_at.most.in(tier))) return false;
        const Ref side(boxed(asked.side == "sell")), all(boxed(order.lots)), limit(boxed(order.price)), name(text(asked.name));
        const Ref reference(boxed(asked.reference));
        PyObject* const given[] = {venue_,      account,    number,          side.get(), all.get(),
                                   limit.get(), name.get(), reference.get(), now_us_};
        order.number = place_order(given);
        if (!order.number) return false;
        if (order.number < 0) {
            order.number = -order.number;
            const Ref halted(PyObject_CallMethod(venue_, "left_band", "O", number));
        }
        raise(counter, count);
        return true;
    }

private:
    bool place(const Asked& asked, PyObject* speaker) {
        if (!speaker_at.may_modify.truth(speaker)) return false;
        const Ref symbol(text(asked.symbol));
        PyObject* const instrument = item(spelt_, symbol.get());
        if (!instrument) return false;
        Placed order;
        if (!place(asked, speaker_at.account.in(speaker), speaker_at.tier.in(speaker), instrument, order)) return false;
        if (PyDict_SetItem(spellings_, instrument_at.number.in(instrument), symbol.get())) throw Failed{};
        Text& said = reply("add_order", asked);
        said << R"("result":{"order_id":")";
        said.id('O', order.number) << "\"";
        if (!asked.name.empty()) {
            (said << R"(,"cl_ord_id":)").quoted(asked.name);
        } else if (asked.reference) {
            (said << R"(,"order_userref":)").number(asked.reference);
        }
        said << R"(},"success":true)";
        hold(said);
        return true;
    }

    bool cancel(const Asked& asked, PyObject* speaker) {
        if (!speaker_at.may_cancel.truth(speaker)) return false;
        PyObject* const account = speaker_at.account.in(speaker);
        int64_t wanted = 0;
        if (asked.by_id && !number_of_id(asked.name, wanted)) return false;
        const Ref name(text(asked.name)), number(boxed(wanted));
        Found found;
        if (!find_order(venue_, account, asked.by_id ? nullptr : name.get(), number.get(), found)) {
            Text& said = reply("cancel_order", asked);
            (said << R"("error":)").quoted(unknown_order) << R"(,"success":false,)";
            (said << (asked.by_id ? R"("order_id":)" : R"("cl_ord_id":)")).quoted(asked.name);
            hold(said);
            return true;
        }
        PyObject* const counter = counter_of(account, found.instrument);
        if (!counter) return false;
        const std::string_view client_id = text_in(found.client_id);
        if (std::any_of(client_id.begin(), client_id.end(), [](char sign) { return sign < 0x20 || sign > 0x7E; })) return false;
        const std::string named(client_id);
        const Ref order(Py_NewRef(found.number)), cause(boxed(0));
        PyObject* const take[] = {venue_, account, order.get(), cause.get(), now_us_};
        if (!take_order(take)) return false;
        PyObject* const tier = speaker_at.tier.in(speaker);
        raise(counter, std::min(fallen(counter, tier) + cost(time_in_us_ - found.placed_us), real_of(tier_at.most.in(tier))));
        Text& said = reply("cancel_order", asked);
        said << R"("result":{"order_id":")";
        said.id('O', number_of(order.get())) << "\"";
        if (!named.empty()) (said << R"(,"cl_ord_id":)").quoted(named);
        said << R"(},"success":true)";
        hold(said);
        return true;
    }

    static bool scale(int64_t& units, int64_t places, int64_t most) {
        if (places < 0) return false;
        for (; places; --places) {
            if (units > most) return false;
            units *= 10;
        }
        return units <= most;
    }
    static bool number_of_id(std::string_view id, int64_t& number) {
        if (id.size() != 19 || id[0] != 'O' || id[6] != '-' || id[12] != '-') return false;
        Wide found = 0;
        for (std::size_t at = 1; at < id.size(); ++at) {
            const char sign = id[at];
            if (at == 6 || at == 12) continue;
            if ((sign < 'A' || sign > 'Z') && (sign < '2' || sign > '7')) return false;
            found = found * 32 + (sign >= 'A' ? sign - 'A' : sign - '2' + 26);
        }
        if (found > INT64_MAX) return false;
        number = static_cast<int64_t>(found);
        return true;
    }

    // Counters, as counters.py has them

    PyObject* counter_of(PyObject* account, PyObject* instrument) const {
        const Ref key(PyTuple_Pack(2, account, instrument));
        PyObject* const counter = item(counters_, key.get());
        return counter && Py_TYPE(counter) == counter_type ? counter : nullptr;
    }
    double fallen(PyObject* counter, PyObject* tier) const {
        const double passed_s = now_s_ - real_of(counter_at.at_s.in(counter));
        return std::max(0.0, real_of(counter_at.value.in(counter)) - passed_s * real_of(tier_at.fall_per_s.in(tier)));
    }
    void raise(PyObject* counter, double value) const {
        counter_at.value.set(counter, PyFloat_FromDouble(value));
        counter_at.at_s.set(counter, PyFloat_FromDouble(now_s_));
    }
    static double cost(int64_t age_us) {
        for (const auto& [until_us, cost] : cancel_costs) {
            if (age_us < until_us) return cost;
        }
        return 0;
    }

    // Replies up to their `time_out`

    static Text& reply(std::string_view method, const Asked& asked) {
        Text& said = scratch();
        said << R"({"method":")" << method << R"(",)";
        if (asked.request >= 0) (said << R"("req_id":)").number(asked.request) << ",";
        return said;
    }
    void hold(Text& said) {
        (said << R"(,"time_in":")").time(time_in_us_) << R"(",)";
        const Ref bytes(said.bytes());
        if (PyList_Append(held_, bytes.get())) throw Failed{};
    }

    PyObject *venue_, *sessions_, *spelt_, *spellings_, *counters_, *held_;
    int64_t time_in_us_;
    PyObject* now_us_;
    double now_s_;
};

// ask(payloads, from, venue, sessions, spelt, spellings, counters, held, time_in_us, now_us, now_s): do plain requests until one
// is not; its place. Replies go to `held`.
PyObject* ask(PyObject* const* given) {
    if (!speaker_type || !PyList_Check(given[0])) {
        PyErr_SetString(PyExc_TypeError, "desk: a list of payloads was wanted, after set_desk");
        throw Failed{};
    }
    Desk desk(given + 2);
    Py_ssize_t at = PyLong_AsSsize_t(given[1]);
    try {
        for (; at >= 0 && at < PyList_GET_SIZE(given[0]); ++at) {
            PyObject* const payload = PyList_GET_ITEM(given[0], at);
            if (!PyBytes_Check(payload) || !desk.done(payload)) break;
        }
    } catch (const Plain&) {
        // The venue itself is not one for it.
    }
    return PyLong_FromSsize_t(at);
}

// place_form(form, venue, account, tier, pairs, counters, answers, now_us, now_s): do the plain order of a form, and put the body of
// its answer to `answers`; 1, or 0 if it is not plain, and then nothing was done. `pairs` are (Instrument, its name) as spelt.
PyObject* place_form(PyObject* const* given) {
    if (!speaker_type || !PyBytes_Check(given[0]) || !PyDict_Check(given[4]) || !PyList_Check(given[6])) {
        PyErr_SetString(PyExc_TypeError, "desk: a form, pairs and a list of answers were wanted, after set_desk");
        throw Failed{};
    }
    Asked asked;
    const std::string_view form(PyBytes_AS_STRING(given[0]), static_cast<std::size_t>(PyBytes_GET_SIZE(given[0])));
    if (!read_form(form, asked)) return boxed(0);
    const Ref pair(text(asked.symbol));
    PyObject* const found = item(given[4], pair.get());
    if (!found || !PyTuple_Check(found) || PyTuple_GET_SIZE(found) != 2) return boxed(0);
    Placed order;
    PyObject* const instrument = PyTuple_GET_ITEM(found, 0);
    try {
        if (!Desk(given[1], given[5], given[7], real_of(given[8])).place(asked, given[2], given[3], instrument, order)) return boxed(0);
    } catch (const Plain&) {
        return boxed(0);
    }
    Text& said = scratch();
    said << R"({"error":[],"result":{"descr":{"order":")" << asked.side << " ";
    said.decimal(order.lots, instrument_at.lot_decimals.number(instrument)) << " " << text_in(PyTuple_GET_ITEM(found, 1));
    (said << " @ limit ").decimal(order.price, instrument_at.price_decimals.number(instrument));
    (said << R"("},"txid":[")").id('O', order.number) << R"("]}})";
    const Ref body(said.bytes());
    if (PyList_Append(given[6], body.get())) throw Failed{};
    return boxed(1);
}

// set_desk(Speaker, Tier, Counter, Instrument, what placing costs, [(age in us, what cancelling costs)], unknown order)
PyObject* set_desk(PyObject* const* given) {
    if (!find_slots(speaker_at, given[0]) || !find_slots(tier_at, given[1]) || !find_slots(counter_at, given[2])
        || !find_slots(instrument_at, given[3])) {
        throw Failed{};
    }
    place_cost = real_of(given[4]);
    cancel_costs.clear();
    for (Py_ssize_t at = 0; at < PyTuple_Size(given[5]); ++at) {
        PyObject* const pair = PyTuple_GET_ITEM(given[5], at);
        cancel_costs.emplace_back(number_of(PyTuple_GetItem(pair, 0)), real_of(PyTuple_GetItem(pair, 1)));
    }
    unknown_order = text_in(given[6]);
    counter_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[2]));
    tier_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[1]));
    instrument_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[3]));
    speaker_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(given[0]));
    return Py_NewRef(Py_None);
}

template <PyObject* (*act)(PyObject* const*), Py_ssize_t wanted>
PyObject* guarded(PyObject*, PyObject* const* given, Py_ssize_t count) {
    if (count != wanted) {
        PyErr_Format(PyExc_TypeError, "desk: %zd arguments were given, not %zd", count, wanted);
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
    fast<set_desk, 7>("set_desk", "Say the classes of speakers, tiers, counters and instruments, what requests cost, and a word."),
    fast<ask, 11>("ask", "Do plain requests until one is not; its place."),
    fast<place_form, 9>("place_form", "Do the plain order of a form; whether it was one."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool add_desk(PyObject* module) { return PyModule_AddFunctions(module, functions) == 0; }

}  // namespace openscrip
