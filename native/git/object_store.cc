#include "object_store.h"

#include <algorithm>
#include <cstring>

#include "failure.h"

namespace coppice {

// What libgit2 sees of the store. It calls from any thread and must never see an exception.
struct StoreBackend {
  git_odb_backend parent;  // first: libgit2 holds a pointer to it
  ObjectStore* store;

  static StoreBackend* of(git_odb_backend* backend) { return reinterpret_cast<StoreBackend*>(backend); }

  static int read(void** data, size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) noexcept {
    try {
      const auto found = of(backend)->store->find(*oid);
      if (!found) return GIT_ENOTFOUND;
      void* copy = git_odb_backend_data_alloc(backend, found->data->size() + 1);
      if (copy == nullptr) return GIT_ERROR;
      std::memcpy(copy, found->data->c_str(), found->data->size() + 1);
      *data = copy;
      *size = found->data->size();
      *type = found->type;
      return 0;
    } catch (...) {
      return GIT_ERROR;
    }
  }

  static int readHeader(size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* oid) noexcept {
    try {
      const auto found = of(backend)->store->find(*oid);
      if (!found) return GIT_ENOTFOUND;
      *size = found->data->size();
      *type = found->type;
      return 0;
    } catch (...) {
      return GIT_ERROR;
    }
  }

  static int exists(git_odb_backend* backend, const git_oid* oid) noexcept {
    try {
      return of(backend)->store->find(*oid) ? 1 : 0;
    } catch (...) {
      return 0;
    }
  }

  static int write(git_odb_backend* backend, const git_oid* oid, const void* data, size_t size, git_object_t type) noexcept {
    try {
      of(backend)->store->keep(*oid, type, std::string(static_cast<const char*>(data), size), nullptr);
      return 0;
    } catch (...) {
      return GIT_ERROR;
    }
  }

  static void free(git_odb_backend* backend) noexcept { std::unique_ptr<StoreBackend> owner(of(backend)); }
};

Oid hashObject(git_object_t type, std::string_view data) {
  Oid oid{};
  check(git_odb_hash(&oid, data.data(), data.size(), type), "objectStore.hash");
  return oid;
}

Oid ObjectStore::put(git_object_t type, std::string data, const Oid* previousOid) {
  const Oid oid = hashObject(type, data);
  keep(oid, type, std::move(data), previousOid);
  return oid;
}

void ObjectStore::keep(const Oid& oid, git_object_t type, std::string data, const Oid* previousOid) {
  const auto shared = std::make_shared<const std::string>(std::move(data));
  std::lock_guard<std::mutex> lock(mutex_);
  Kept& kept = objects_[oid];
  if (kept.puts++ > 0) return;
  bytes_ += shared->size();
  kept.number = nextNumber_++;
  kept.object.type = type;
  kept.object.data = shared;
  if (previousOid != nullptr && *previousOid != oid) kept.object.previousOid = *previousOid;
}

std::optional<StoredObject> ObjectStore::find(const Oid& oid) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(oid);
  if (found == objects_.end()) return std::nullopt;
  return found->second.object;
}

size_t ObjectStore::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

bool ObjectStore::isOnlyHere(const Oid& oid) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = objects_.find(oid);
  return found != objects_.end() && !found->second.written;
}

std::vector<std::pair<Oid, StoredObject>> ObjectStore::pending() const {
  std::vector<std::pair<uint64_t, std::pair<Oid, StoredObject>>> numbered;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    numbered.reserve(objects_.size());
    for (const auto& [oid, kept] : objects_) numbered.push_back({kept.number, {oid, kept.object}});
  }
  std::sort(numbered.begin(), numbered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::pair<Oid, StoredObject>> result;
  result.reserve(numbered.size());
  for (auto& entry : numbered) result.push_back(std::move(entry.second));
  return result;
}

void ObjectStore::drop(const std::vector<std::pair<Oid, StoredObject>>& written, bool evenIfShared) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [oid, object] : written) {
    const auto found = objects_.find(oid);
    if (found == objects_.end()) continue;
    found->second.written = true;
    if (--found->second.puts > 0 && !evenIfShared) continue;
    bytes_ -= found->second.object.data->size();
    objects_.erase(found);
  }
}

git_odb_backend* ObjectStore::newBackend() {
  auto backend = std::make_unique<StoreBackend>();
  check(git_odb_init_backend(&backend->parent, GIT_ODB_BACKEND_VERSION), "objectStore.newBackend");
  backend->parent.read = StoreBackend::read;
  backend->parent.read_header = StoreBackend::readHeader;
  backend->parent.exists = StoreBackend::exists;
  backend->parent.write = StoreBackend::write;
  backend->parent.free = StoreBackend::free;
  backend->store = this;
  return &backend.release()->parent;
}

}  // namespace coppice
