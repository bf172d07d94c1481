#include "pack_names.h"

#include <algorithm>
#include <cstring>

#include "failure.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "readPackNames";

bool before(const Oid& a, const Oid& b) { return std::memcmp(a.id, b.id, sizeof a.id) < 0; }

// Where the walk has come to in one index.
struct Front {
  const PackIndexView* index;
  size_t number;
  Oid oid;

  // False: it was the last.
  bool advance() {
    const Oid last = oid;
    if (++number == index->count()) return false;
    oid = index->oid(number);
    if (!before(last, oid)) fail(failure_code::kCorrupt, kOperation, "the index of a pack is not sorted", index->path());
    return true;
  }
};

bool later(const Front& a, const Front& b) { return before(b.oid, a.oid); }

}  // namespace

void eachName(const std::vector<const PackIndexView*>& indexes, const Cancel& cancel,
              const std::function<void(const Oid& oid, size_t indexes)>& take) {
  std::vector<Front> fronts;  // a heap, the first name at its top
  for (const PackIndexView* index : indexes) {
    if (index->count() > 0) fronts.push_back({index, 0, index->oid(0)});
  }
  std::make_heap(fronts.begin(), fronts.end(), later);
  while (!fronts.empty()) {
    cancel.check(kOperation);
    const Oid oid = fronts.front().oid;
    size_t count = 0;
    for (; !fronts.empty() && fronts.front().oid == oid; count++) {
      std::pop_heap(fronts.begin(), fronts.end(), later);
      if (fronts.back().advance()) {
        std::push_heap(fronts.begin(), fronts.end(), later);
      } else {
        fronts.pop_back();
      }
    }
    take(oid, count);
  }
}

}  // namespace coppice
