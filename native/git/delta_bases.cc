#include "delta_bases.h"

#include "delta.h"

namespace coppice {

namespace {

constexpr uint32_t kMaxDepth = 40;
constexpr size_t kMaxObjectBytes = size_t{16} << 20;

bool mayBeDelta(const StoredObject& object) {
  return (object.type == GIT_OBJECT_TREE || object.type == GIT_OBJECT_BLOB) && object.data->size() <= kMaxObjectBytes;
}

}  // namespace

const DeltaBases::Base* DeltaBases::baseOf(const Oid& previousOid) const {
  auto found = bases_.find(previousOid);
  if (found == bases_.end()) {
    const auto first = firstFrom_.find(previousOid);
    if (first == firstFrom_.end()) return nullptr;
    found = bases_.find(first->second);
  }
  return &found->second;
}

std::optional<DeltaBases::Delta> DeltaBases::find(const StoredObject& object) const {
  if (!object.previousOid || !mayBeDelta(object)) return std::nullopt;
  const Base* base = baseOf(*object.previousOid);
  if (base == nullptr || base->type != object.type || base->depth >= kMaxDepth) return std::nullopt;
  std::string bytes = deltaBetween(*base->data, *object.data);
  if (bytes.empty()) return std::nullopt;
  return Delta{base->offset, base->depth + 1, std::move(bytes)};
}

void DeltaBases::add(const Oid& oid, const StoredObject& object, uint64_t offset, uint32_t depth) {
  if (!mayBeDelta(object)) return;
  bases_.emplace(oid, Base{object.type, object.data, offset, depth});
  if (object.previousOid && bases_.count(*object.previousOid) == 0) firstFrom_.emplace(*object.previousOid, oid);
}

}  // namespace coppice
