// One thread's libgit2 repository and its lease.
#include <cstring>

#include "checksum.h"
#include "failure.h"
#include "session.h"

namespace coppice {

namespace {

void checkType(const Oid& oid, git_object_t found, git_object_t wanted) {
  if (wanted == GIT_OBJECT_ANY || wanted == found) return;
  fail(failure_code::kInvalid, "readObject",
       toHex(oid) + " is a " + git_object_type2string(found) + ", not a " + git_object_type2string(wanted));
}

// Git trusts its indexes here; a damaged one would have us merge one file's content into another. Plain SHA-1 will do: this is
// about damage, and whoever can put a collision into the object database has got past what could be done about it here.
void verify(const Oid& oid, git_object_t type, std::string_view data) {
  const std::string header = std::string(git_object_type2string(type)) + " " + std::to_string(data.size());
  Checksum checksum;
  checksum.update(std::string_view(header.c_str(), header.size() + 1));  // with the NUL
  checksum.update(data);
  if (std::memcmp(checksum.finish().data(), oid.id, sizeof oid.id) != 0)
    fail(failure_code::kCorrupt, "readObject", "what is stored as object " + toHex(oid) + " is something else");
}

}  // namespace

Handle::Handle(Session& session, OwnedRepository repository, OwnedOdb odb, uint64_t generation)
    : session_(session), repository_(std::move(repository)), odb_(std::move(odb)), generation_(generation) {}

Handle::Read Handle::read(const Oid& oid, git_object_t type) {
  // The store first and without a copy. An object that a flush drops between this look and the next is on disk by then, and
  // libgit2 looks for new packs before it calls an object missing.
  if (auto stored = session_.store().find(oid)) {
    checkType(oid, stored->type, type);
    return {stored->type, std::move(stored->data)};
  }
  OwnedOdbObject object;
  const int result = git_odb_read(out(object), odb(), &oid);
  if (result == GIT_ENOTFOUND) fail(failure_code::kNotFound, "readObject", "object " + toHex(oid) + " is not in the repository");
  check(result, "readObject", toHex(oid));
  const git_object_t found = git_odb_object_type(object.get());
  checkType(oid, found, type);
  const char* data = static_cast<const char*>(git_odb_object_data(object.get()));
  verify(oid, found, {data, git_odb_object_size(object.get())});
  return {found, std::make_shared<const std::string>(data, git_odb_object_size(object.get()))};
}

Oid Handle::write(git_object_t type, std::string data, const Oid* previousOid) {
  return session_.store().put(type, std::move(data), previousOid);
}

void Handle::writeNamed(const Oid& oid, git_object_t type, std::string data, const Oid* previousOid) {
  session_.store().put(oid, type, std::move(data), previousOid);
}

HandleLease::HandleLease(Session& session, std::unique_ptr<Handle> handle) : session_(&session), handle_(std::move(handle)) {}

HandleLease::~HandleLease() {
  if (handle_) session_->giveBack(std::move(handle_));
}

}  // namespace coppice
