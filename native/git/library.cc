#include "library.h"

#include <git2.h>

#include <mutex>

#include "failure.h"

namespace coppice {

namespace {

constexpr size_t kMappedFiles = 256;             // pack files open at once, for all sessions
constexpr ssize_t kCachedBytes = 4 * 1024 * 1024;   // libgit2's object cache; parsed trees have a cache of their own

void setOptions() {
  const char* operation = "library.start";
  // git writes "extensions.relativeWorktrees" since 2.48 and libgit2 refuses what it does not know; the links themselves it
  // resolves. "refstorage" is let through for the value "files": session.cc refuses every other one by name.
  const char* extensions[] = {"relativeworktrees", "refstorage", "noop-v1"};
  check(git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, size_t{3}), operation);
  // It would hash with the detection of collisions: a third of the time of bulk reads. Handle::read verifies what it reads with
  // plain SHA-1 at a fraction of that.
  check(git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0), operation);
  // A folder that belongs to somebody else is refused unless safe.directory names it, exactly as git does: its configuration
  // could otherwise decide what we do.
  check(git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1), operation);
  check(git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, kMappedFiles), operation);
  check(git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, kCachedBytes), operation);
  // The search paths stay as they are: the user's identity, ignore file and safe.directory come from the global files.
}

}  // namespace

void startLibrary() {
  static std::mutex mutex;
  static bool started = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (started) return;
  check(git_libgit2_init(), "library.start");
  setOptions();
  started = true;
}

}  // namespace coppice
