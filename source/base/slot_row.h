// A row that anybody in it can leave at any moment, also while others of it have their turn.
#pragma once

#include <cstddef>
#include <vector>

namespace omni {

// Who stands in a row, at most in one at a time. Intrusive, so that standing there costs nothing.
// Destroying it makes it leave. `Member` is the class that derives from this.
template <class Member>
class RowMember {
 public:
  RowMember() = default;
  RowMember(const RowMember&) = delete;
  RowMember& operator=(const RowMember&) = delete;

 protected:
  ~RowMember() { leave_row(); }
  bool is_in_row() const { return slot_ != nullptr; }
  void leave_row() {
    if (slot_ != nullptr) *slot_ = nullptr;
    slot_ = nullptr;
  }

 private:
  template <class>
  friend class SlotRow;
  Member** slot_ = nullptr;
};

// In order of coming. A member's slot stays, empty, when it leaves. One thread.
template <class Member>
class SlotRow {
 public:
  SlotRow() = default;
  SlotRow(const SlotRow&) = delete;
  SlotRow& operator=(const SlotRow&) = delete;
  ~SlotRow() {
    for (Member* member : slots_)
      if (member != nullptr) member->RowMember<Member>::slot_ = nullptr;
  }

  // A no-op, and false, when it stands in a row already.
  bool add(Member& member) {
    RowMember<Member>& place = member;
    if (place.slot_ != nullptr) return false;
    if (slots_.size() == slots_.capacity()) grow();
    slots_.push_back(&member);
    place.slot_ = &slots_.back();
    return true;
  }

  // With the slots that are empty by now.
  size_t size() const { return slots_.size(); }
  // Null when it has left.
  Member* operator[](size_t at) const { return slots_[at]; }
  // Everybody must have left.
  void clear() { slots_.clear(); }

 private:
  // Members point at their slots, so slots move only here.
  void grow() {
    slots_.reserve(slots_.empty() ? 64 : slots_.capacity() * 2);
    for (Member*& slot : slots_)
      if (slot != nullptr) slot->RowMember<Member>::slot_ = &slot;
  }

  std::vector<Member*> slots_;
};

}  // namespace omni
