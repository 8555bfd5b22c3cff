// Where orders lie: slots of memory taken at construction, and from the id of an order to its slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "words.hpp"

namespace openscrip {

using Slot = std::uint32_t;
constexpr Slot none = 0;

// Memory for `count` things, all zero, on a line of the cache. The system gives it as it is touched.
template <class Thing>
class Room {
public:
    explicit Room(std::size_t count) : memory_(std::calloc(count * sizeof(Thing) + line, 1)) {
        if (!memory_) throw std::bad_alloc();
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.get());
        things_ = reinterpret_cast<Thing*>((address + line - 1) / line * line);
#ifdef __linux__
        // Large pages beyond the first one: a deep book finds its orders faster, a shallow one takes no more than it needs.
        const std::uintptr_t begin = (address + 2 * page - 1) / page * page, end = (address + count * sizeof(Thing)) / page * page;
        if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
    }
    Thing& operator[](std::size_t at) { return things_[at]; }
    const Thing& operator[](std::size_t at) const { return things_[at]; }
    Thing* all() const { return things_; }

private:
    static constexpr std::size_t line = 64, page = std::size_t{1} << 21;
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };
    std::unique_ptr<void, Free> memory_;
    Thing* things_;
};

// One order in the book, a cache line long. `total` is the whole quantity, what was executed included.
struct alignas(64) Order {
    std::int64_t id, owner, left, visible, total;
    Slot next, prev;
    Slot chain;  // the next order with the same place in the index of ids
    std::int32_t price;
    std::uint8_t side, self_trade, post_only, rare;
    Slot later;  // in a deep book: a place further back in its line, or where one was; only ever fetched, never believed

    bool is_timed() const { return rare & 1; }
    bool is_iceberg() const { return rare & 2; }
};
static_assert(sizeof(Order) == 64);

// What few orders have; said by `Order::rare`.
struct Rare {
    std::int64_t display, until;
};

// Slot 0 is nobody's: what is written to its links is never read, which spares a question at the ends of a line.
class Pool {
public:
    explicit Pool(std::size_t orders) : orders_(orders + 1), rare_(orders + 1) {}

    Order& operator[](Slot slot) { return orders_[slot]; }
    const Order& operator[](Slot slot) const { return orders_[slot]; }
    Order* all() const { return orders_.all(); }
    Rare& rare(Slot slot) { return rare_[slot]; }
    std::int64_t display(Slot slot) const { return orders_[slot].is_iceberg() ? rare_[slot].display : 0; }
    std::int64_t until(Slot slot) const { return orders_[slot].is_timed() ? rare_[slot].until : 0; }
    // What an order shows when it shows anew.
    std::int64_t shown(Slot slot) const {
        const std::int64_t display = this->display(slot), left = orders_[slot].left;
        return display && display < left ? display : left;
    }

    // The caller asks first whether there is room.
    Slot take() {
        if (free_ == none) return used_++;
        const Slot slot = free_;
        free_ = orders_[slot].next;
        return slot;
    }
    void give_back(Slot slot) {
        orders_[slot].next = free_;
        free_ = slot;
    }

private:
    Room<Order> orders_;
    Room<Rare> rare_;
    Slot free_ = none, used_ = 1;
};

// Ids rise, so neighbours in time are neighbours here; those that share a place are chained through the orders.
class Ids {
public:
    explicit Ids(Order* orders) : orders_(orders) { resize(std::size_t{1} << bits_min); }

    Slot find(std::int64_t id) const { return *link(id); }
    // What leads to the order with that id; to nobody if there is none.
    Slot* link(std::int64_t id) const {
        Slot* link = &heads_[place(id)];
        while (*link != none && orders_[*link].id != id) link = &orders_[*link].chain;
        return link;
    }
    void put(std::int64_t id, Slot slot) {
        if (++live_ * 2 > mask_) [[unlikely]] grow();
        Slot& head = heads_[place(id)];
        orders_[slot].chain = head;
        head = slot;
    }
    void drop(Slot* link) {
        *link = orders_[*link].chain;
        --live_;
    }
    void drop(std::int64_t id, Slot slot) {
        Slot* link = &heads_[place(id)];
        while (*link != slot) link = &orders_[*link].chain;
        drop(link);
    }
    void prefetch(std::int64_t id) const { __builtin_prefetch(&heads_[place(id)]); }
    void prefetch_order(std::int64_t id) const { __builtin_prefetch(&orders_[heads_[place(id)]], 1); }

private:
    // Every 4,096 ids the places shift by one: ids in even steps, as one of many instruments has, still use all of them.
    std::size_t place(std::int64_t id) const { return static_cast<std::size_t>(id + (id >> bits_min)) & mask_; }
    void resize(std::size_t size) {
        memory_.assign(size, none);
        heads_ = memory_.data();
        mask_ = size - 1;
    }
    // Once for each doubling of what rests.
    [[gnu::noinline, gnu::cold]] void grow() {
        const std::vector<Slot> old = std::move(memory_);
        resize(old.size() * 2);
        for (Slot slot : old) {
            while (slot != none) {
                const Slot after = orders_[slot].chain;
                Slot& head = heads_[place(orders_[slot].id)];
                orders_[slot].chain = head;
                head = slot;
                slot = after;
            }
        }
    }

    static constexpr int bits_min = 12;
    Slot* heads_;
    std::size_t mask_, live_ = 0;
    Order* orders_;
    std::vector<Slot> memory_;
};

}  // namespace openscrip
