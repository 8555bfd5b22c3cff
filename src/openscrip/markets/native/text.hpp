// Text as the venue writes it: numbers with all their decimals, ids, times, JSON strings.
#pragma once

#include <Python.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "python.hpp"

namespace openscrip {

constexpr int64_t second_us = 1'000'000;

// Text that grows.
class Text {
public:
    Text& operator<<(std::string_view text) {
        all_.append(text);
        return *this;
    }
    Text& number(int64_t value) {
        char digits[24];
        int at = 24;
        std::uint64_t rest = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
        do digits[--at] = static_cast<char>('0' + rest % 10);
        while (rest /= 10);
        if (value < 0) digits[--at] = '-';
        all_.append(digits + at, static_cast<std::size_t>(24 - at));
        return *this;
    }
    // `units` x 10^-`places` with exactly so many decimals.
    Text& decimal(int64_t units, int64_t places) {
        char digits[48];
        int at = 48;
        std::uint64_t rest = units < 0 ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
        for (int64_t place = 0; place < places; ++place, rest /= 10) digits[--at] = static_cast<char>('0' + rest % 10);
        if (places) digits[--at] = '.';
        do digits[--at] = static_cast<char>('0' + rest % 10);
        while (rest /= 10);
        if (units < 0) digits[--at] = '-';
        all_.append(digits + at, static_cast<std::size_t>(48 - at));
        return *this;
    }
    // An id as clients see it: a letter and a number in base 32, 6-5-6.
    Text& id(char letter, int64_t number) {
        constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        char signs[19];
        auto rest = static_cast<std::uint64_t>(number);
        for (int at = 18; at > 0; --at) {
            if (at == 6 || at == 12) {
                signs[at] = '-';
            } else {
                signs[at] = alphabet[rest & 31];
                rest >>= 5;
            }
        }
        signs[0] = letter;
        all_.append(signs, 19);
        return *this;
    }
    // RFC 3339 in UTC with microseconds.
    Text& time(int64_t at_us) {
        const int64_t second = at_us / second_us;
        if (second != second_) {
            second_ = second;
            // Days to a date of the proleptic Gregorian calendar, by eras of 400 years that begin in March.
            const int64_t days = second / 86'400 + 719'468, in_day = second % 86'400;
            const int64_t era = days / 146'097, of_era = days % 146'097;
            const int64_t year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
            const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
            const int64_t march_month = (5 * of_year + 2) / 153, day = of_year - (153 * march_month + 2) / 5 + 1;
            const int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
            const int64_t year = year_of_era + era * 400 + (month <= 2);
            char* out = told_.data();
            out = two(two(out, year / 100), year % 100), *out++ = '-';
            out = two(out, month), *out++ = '-';
            out = two(out, day), *out++ = 'T';
            out = two(out, in_day / 3'600), *out++ = ':';
            out = two(out, in_day / 60 % 60), *out++ = ':';
            out = two(out, in_day % 60), *out++ = '.';
        }
        all_.append(told_.data(), 20);
        char micros[7] = {0, 0, 0, 0, 0, 0, 'Z'};
        int64_t rest = at_us % second_us;
        for (int at = 5; at >= 0; --at, rest /= 10) micros[at] = static_cast<char>('0' + rest % 10);
        all_.append(micros, 7);
        return *this;
    }
    // A JSON string.
    Text& quoted(std::string_view text) {
        all_.push_back('"');
        for (const char sign : text) {
            if (sign == '"' || sign == '\\') all_.push_back('\\');
            all_.push_back(sign);
        }
        all_.push_back('"');
        return *this;
    }
    std::size_t size() const { return all_.size(); }
    void clear() { all_.clear(); }
    void pop() { all_.pop_back(); }
    PyObject* bytes() const { return PyBytes_FromStringAndSize(all_.data(), static_cast<Py_ssize_t>(all_.size())); }

private:
    static char* two(char* out, int64_t number) {
        out[0] = static_cast<char>('0' + number / 10), out[1] = static_cast<char>('0' + number % 10);
        return out + 2;
    }
    std::string all_;
    int64_t second_ = -1;
    std::array<char, 20> told_{};
};

inline Text& scratch() {
    static Text text;  // the interpreter's lock guards it
    text.clear();
    return text;
}

}  // namespace openscrip
