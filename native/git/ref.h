// Refs as files: read without a cache, changed under git's own locks, durable when a call returns.
// Rejected: libgit2's refdb for writing. It syncs only when core.fsyncObjectFiles or a process-wide option says so, it does not
// compare under the lock of packed-refs, and a lock that a dead process left is an error for ever.
// A symbolic ref is shown as such and never followed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "back_off.h"
#include "cancel.h"
#include "lock_file.h"
#include "oid.h"
#include "types.h"

namespace coppice {

// "HEAD", or a valid name that starts with "refs/" and belongs to the whole repository. Throws INVALID.
void requireRefName(const std::string& refName, const char* operation);

// Nothing set: there is no such ref.
struct RefValue {
  std::optional<Oid> oid;
  std::optional<std::string> symbolicTarget;

  bool exists() const { return oid || symbolicTarget; }
};

// Where refs lie. HEAD belongs to a worktree, all others to the repository.
struct RefPlace {
  std::string commonDirectory;
  std::string gitDirectory;  // of the worktree whose HEAD is meant

  std::string pathOf(const std::string& refName) const;
  std::string logPathOf(const std::string& refName) const;
};

// Loose first, then packed. Throws CORRUPT when the file holds neither an oid nor a name.
RefValue readRef(const RefPlace& place, const std::string& refName);

// All refs whose name starts with `prefix`, sorted by name, loose ones over packed ones, symbolic ones left out.
std::vector<Ref> listRefs(const RefPlace& place, const std::string& prefix, const Cancel& cancel);

// One line in a ref's reflog; the log is made when missing. Git writes it under the ref's lock, before the ref moves. `oldOid`
// is zero for a ref that was not there.
void appendReflog(const RefPlace& place, const std::string& refName, const Oid& oldOid, const Oid& newOid,
                  const Person& committer, const std::string& message);

// A ref under its lock: nobody, git included, changes it until this object ends. Finishing (set, remove) consumes the lock.
class LockedRef {
 public:
  // Throws LOCKED when somebody else holds it until the deadline, EXISTS when another ref is in the way ("a" of "a/b").
  static LockedRef take(const RefPlace& place, const std::string& refName, const Deadline& deadline, const Cancel& cancel);

  // As it was when the lock was taken.
  const RefValue& value() const { return value_; }

  // The ref at `newOid`, on disk. A symbolic ref is replaced by a direct one: callers look at value() first.
  void set(const Oid& newOid) &&;
  // Gone, from packed-refs too, with its reflog. Throws LOCKED when packed-refs is locked until the deadline.
  void remove(const Deadline& deadline, const Cancel& cancel) &&;

 private:
  LockedRef(RefPlace place, std::string refName, LockFile lock)
      : place_(std::move(place)), refName_(std::move(refName)), lock_(std::move(lock)) {}
  void removeEmptyParents() const noexcept;

  RefPlace place_;
  std::string refName_;
  LockFile lock_;
  RefValue value_;
};

}  // namespace coppice
