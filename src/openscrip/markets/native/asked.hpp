// What a plain request asks, read from JSON or from a form. Whatever else there may be is left to Python.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace openscrip {

using std::int64_t;

// JSON of the plain shapes alone: no escapes, no white space but single blanks after ':' and ','.
class Reader {
public:
    Reader(const char* from, std::size_t size) : at_(from), end_(from + size) {}

    bool skip(char sign) {
        blank();
        if (at_ == end_ || *at_ != sign) return false;
        ++at_;
        return true;
    }
    bool text(std::string_view& found) {
        if (!skip('"')) return false;
        const char* const from = at_;
        while (at_ != end_ && *at_ != '"') {
            const auto sign = static_cast<unsigned char>(*at_);
            if (sign < 0x20 || sign > 0x7E || sign == '\\') return false;
            ++at_;
        }
        if (at_ == end_) return false;
        found = {from, static_cast<std::size_t>(at_++ - from)};
        return true;
    }
    // A plain decimal without sign or exponent as JSON has it: its digits as a number, and how many stand after the dot.
    bool decimal(int64_t& digits, int& places) {
        blank();
        const char* const from = at_;
        digits = 0, places = 0;
        const auto take = [&] {
            while (at_ != end_ && *at_ >= '0' && *at_ <= '9' && at_ - from <= 17) digits = digits * 10 + (*at_++ - '0');
        };
        take();
        if (at_ == from || (*from == '0' && at_ - from > 1)) return false;
        if (at_ != end_ && *at_ == '.') {
            const char* const dot = at_++;
            take();
            places = static_cast<int>(at_ - dot - 1);
            if (!places) return false;
        }
        // 17 signs cannot overflow; and what goes on like a number is none of these.
        return at_ - from <= 17 && at_ != end_ && (*at_ == ',' || *at_ == '}' || *at_ == ' ');
    }
    bool whole(int64_t& number) {
        int places = 0;
        return decimal(number, places) && !places;
    }
    bool is_over() {
        blank();
        return at_ == end_;
    }

private:
    void blank() {
        if (at_ != end_ && *at_ == ' ') ++at_;
    }
    const char* at_;
    const char* end_;
};

struct Asked {
    std::string_view method, token, symbol, side, name;
    int64_t request = -1, quantity = 0, price = 0, reference = 0;
    int quantity_places = -1, price_places = -1;
    bool is_limit = false, by_id = false;
};

inline bool read_params(Reader& reader, Asked& asked, bool adds) {
    if (!reader.skip('{')) return false;
    unsigned seen = 0;
    const auto once = [&seen](unsigned bit) { return seen & bit ? false : (seen |= bit, true); };
    do {
        std::string_view key, value;
        if (!reader.text(key) || !reader.skip(':')) return false;
        if (key == "token") {
            if (!once(1) || !reader.text(asked.token)) return false;
        } else if (adds && key == "order_type") {
            if (!once(2) || !reader.text(value) || value != "limit") return false;
            asked.is_limit = true;
        } else if (adds && key == "symbol") {
            if (!once(4) || !reader.text(asked.symbol)) return false;
        } else if (adds && key == "side") {
            if (!once(8) || !reader.text(asked.side)) return false;
        } else if (adds && key == "order_qty") {
            if (!once(16) || !reader.decimal(asked.quantity, asked.quantity_places)) return false;
        } else if (adds && key == "limit_price") {
            if (!once(32) || !reader.decimal(asked.price, asked.price_places)) return false;
        } else if (adds && key == "cl_ord_id") {
            if (!once(64) || !reader.text(asked.name)) return false;
        } else if (adds && key == "order_userref") {
            if (!once(128) || !reader.whole(asked.reference)) return false;
        } else if (!adds && (key == "cl_ord_id" || key == "order_id")) {
            if (!once(64) || !reader.skip('[') || !reader.text(asked.name) || !reader.skip(']')) return false;
            asked.by_id = key == "order_id";
        } else {
            return false;
        }
    } while (reader.skip(','));
    return reader.skip('}');
}

inline bool read(Reader reader, Asked& asked) {
    std::string_view key;
    if (!reader.skip('{') || !reader.text(key) || key != "method" || !reader.skip(':') || !reader.text(asked.method)) return false;
    const bool adds = asked.method == "add_order";
    if (!adds && asked.method != "cancel_order") return false;
    bool has_params = false;
    while (reader.skip(',')) {
        if (!reader.text(key) || !reader.skip(':')) return false;
        if (key == "params" && !has_params) {
            if (!read_params(reader, asked, adds)) return false;
            has_params = true;
        } else if (key == "req_id" && asked.request < 0) {
            if (!reader.whole(asked.request)) return false;
        } else {
            return false;
        }
    }
    if (!reader.skip('}') || !reader.is_over() || !has_params || asked.token.empty()) return false;
    if (!adds) return !asked.name.empty();
    return asked.is_limit && !asked.symbol.empty() && asked.quantity_places >= 0 && asked.price_places >= 0
        && (asked.side == "buy" || asked.side == "sell");
}

// A plain decimal of a form: as in JSON, up to the end of its text.
inline bool decimal_of(std::string_view text, int64_t& digits, int& places) {
    // JSON's reader wants to see what follows.
    char ended[24];
    if (text.empty() || text.size() > 17) return false;
    ended[text.copy(ended, text.size())] = ',';
    return Reader(ended, text.size() + 1).decimal(digits, places);
}

// A form with a plain limit order in it, its nonce passed over; false for whatever is not plain, names that come twice included.
inline bool read_form(std::string_view form, Asked& asked) {
    unsigned seen = 0;
    const auto once = [&seen](unsigned bit) { return seen & bit ? false : (seen |= bit, true); };
    for (const char sign : form) {
        if (sign < 0x21 || sign > 0x7E || sign == '%' || sign == '+') return false;
    }
    while (true) {
        const std::size_t end = std::min(form.find('&'), form.size()), middle = form.find('=');
        if (middle >= end) return false;
        const std::string_view name = form.substr(0, middle), value = form.substr(middle + 1, end - middle - 1);
        if (name == "nonce") {
            if (!once(1)) return false;
        } else if (name == "ordertype") {
            if (!once(2) || value != "limit") return false;
            asked.is_limit = true;
        } else if (name == "pair") {
            if (!once(4)) return false;
            asked.symbol = value;
        } else if (name == "type") {
            if (!once(8)) return false;
            asked.side = value;
        } else if (name == "volume") {
            if (!once(16) || !decimal_of(value, asked.quantity, asked.quantity_places)) return false;
        } else if (name == "price") {
            if (!once(32) || !decimal_of(value, asked.price, asked.price_places)) return false;
        } else if (name == "cl_ord_id") {
            if (!once(64) || value.empty()) return false;
            asked.name = value;
        } else {
            return false;
        }
        if (end == form.size()) break;
        form.remove_prefix(end + 1);
    }
    return asked.is_limit && !asked.symbol.empty() && asked.quantity_places >= 0 && asked.price_places >= 0
        && (asked.side == "buy" || asked.side == "sell");
}

}  // namespace openscrip
