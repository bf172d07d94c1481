// Looks at what lies at a path and says how it compares with one side of a change. Every step of landing that spares the
// user's files asks here, so "the same" means one thing: same kind, same executable bit, and content that git would take for
// the same blob, or that git would write for it (the two differ where line endings in the repository are not normalised).
// Reads files whole, so a path needs as much memory as its file.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "attributes.h"
#include "index_file.h"
#include "landing_site.h"
#include "path_swap.h"
#include "session.h"

namespace coppice {

// One side of a change. Mode 0: nothing is there.
struct Side {
  uint32_t mode = 0;
  Oid oid{};

  bool isNothing() const { return mode == 0; }
  bool isGitlink() const { return mode == kModeGitlink; }
  bool isFile() const { return mode != 0 && mode != kModeGitlink; }  // or a symlink: something that we write
};
Side oldSideOf(const Change& change);
Side newSideOf(const Change& change);

enum class Found {
  kNothing,
  kSame,       // exactly the side: for a gitlink any directory, because its files are another repository's
  kOtherContent,
  kOtherKind,
  kDirectory,  // where the side is none
};
// The word of BlockedPath.reason for a tracked path that is not the same.
const char* reasonOf(Found found);

// How content is converted on its way to and from the worktree, before and after these changes: they may change the rules.
// Immutable, shared by threads.
struct SideRules {
  SideRules(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes);

  // Whether the path's bytes would have to pass through a program or an encoding that we do not run, on any way.
  bool needsFilter(const Change& change) const;

  const IndexFile& index;
  Attributes before;
  Attributes after;
};

// One for each thread.
class SideLook {
 public:
  SideLook(Session& session, const LandingSite& site, const SideRules& rules);

  // `place` need not be `path`: displaced files are looked at in our folder. `status`, when given, gets the lstat that was
  // taken before the content was read. Throws UNSUPPORTED_FILTER.
  Found look(const Place& place, const std::string& path, const Side& side, struct stat* status = nullptr);
  // The bytes that git would write for this side of a path.
  std::string bytesFor(const std::string& path, const Side& side);
  const SideRules& rules() const { return rules_; }

 private:
  bool sameContent(const std::string& path, const Side& side, const std::string& bytes);
  std::string converted(const Attributes& attributes, const std::string& path, const Oid& oid);

  const LandingSite& site_;
  const SideRules& rules_;
  HandleLease handle_;
};

}  // namespace coppice
