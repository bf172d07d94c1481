#include "pack_copy.h"

#include "failure.h"
#include "pack_names.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "consolidate";
// Deltas of different packs may come to stand on each other. Git has no limit, but each link is one more object to read.
constexpr uint32_t kMaxDepth = 100;

}  // namespace

std::vector<const PackIndexView*> indexesOf(const Packs& packs) {
  std::vector<const PackIndexView*> indexes;
  for (const auto& pack : packs) indexes.push_back(&pack->index());
  return indexes;
}

PackCopy::PackCopy(const Packs& packs, const Cancel& cancel) : packs_(packs), cancel_(cancel) {
  size_t objects = 0;
  eachName(indexesOf(packs), cancel, [&](const Oid& oid, size_t indexes) {
    objects++;
    if (indexes > 1) several_.emplace(oid, Place{0, 0});
  });
  if (objects > UINT32_MAX) fail(failure_code::kLimit, kOperation, "too many objects for one pack");
  objects_ = static_cast<uint32_t>(objects);
}

void PackCopy::to(PackWriter& writer, Handle& handle) {
  for (const auto& pack : packs_) copyAll(*pack, writer, handle);
}

void PackCopy::copyAll(PackReader& pack, PackWriter& writer, Handle& handle) {
  places_.assign(pack.count(), Place{0, 0});
  for (size_t i = 0; i < pack.count(); i++) {
    cancel_.check(kOperation);
    const auto shared = several_.find(pack.oid(i));
    if (shared != several_.end() && shared->second.offset != 0) {
      places_[i] = shared->second;
      continue;
    }
    pack.passed(i);
    places_[i] = copyOne(pack, pack.entry(i), writer, handle);
    if (shared != several_.end()) shared->second = places_[i];
  }
}

PackCopy::Place PackCopy::copyOne(const PackReader& pack, const PackedEntry& entry, PackWriter& writer, Handle& handle) {
  Place place{writer.offset(), 0};
  std::optional<uint64_t> baseOffset;
  if (entry.base) {
    // It stands before it in its own pack, so it has its place by now, perhaps from another pack.
    const Place& base = places_[*entry.base];
    baseOffset = base.offset;
    place.depth = base.depth + 1;
  }
  if (place.depth > kMaxDepth) {
    const Handle::Read read = handle.read(entry.index.oid);
    writer.add(entry.index.oid, {read.type, read.data, std::nullopt}, cancel_);
    place.depth = 0;
  } else {
    writer.addCompressed(entry.index.oid, entry.type, entry.size, baseOffset, entry.compressed);
  }
  return place;
}

}  // namespace coppice
