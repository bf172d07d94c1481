// A path of a worktree that may differ from the base, and the reading of it into the bytes of a blob.
#pragma once

#include <memory>
#include <string>

#include "attributes.h"
#include "cancel.h"
#include "entry_at.h"
#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "types.h"
#include "worktree_settings.h"

namespace coppice {

namespace unheld_reason {
inline constexpr const char* kNestedRepository = "nested-repository";
inline constexpr const char* kSpecialFile = "special-file";
inline constexpr const char* kUnreadable = "unreadable";
inline constexpr const char* kLimit = "limit";
inline constexpr const char* kUnsafeName = "unsafe-name";
inline constexpr const char* kUnportableName = "unportable-name";
}  // namespace unheld_reason

struct Candidate {
  std::string path;
  const IndexEntry* entry = nullptr;  // what the index has there; of an unmerged path ours
  bool staged = false;                // the entry's stat is proven: the blob that it names is the content
  MergeEntry base;                    // what the base has there, unless a directory
  uint64_t size = 0;                  // as far as the scan or the index knew it; once read, the blob's

  enum class State { kUnread, kUnchanged, kGone, kUnheld, kHeld };
  State state = State::kUnread;
  const char* reason = nullptr;  // of kUnheld
  uint32_t mode = 0;             // of kHeld, as the next two
  Oid oid{};
  std::shared_ptr<const std::string> bytes;

  void holdBack(const char* why) {
    state = State::kUnheld;
    reason = why;
    bytes.reset();
  }
};

// Shared by the threads that read. Never fails for what a task left on disk.
class CandidateReader {
 public:
  // A file that is longer than the limit for all bytes is held back, unless it may be the base's own.
  CandidateReader(const RootDirectory& root, const WorktreeSettings& settings, const Attributes& attributes,
                  const SnapshotLimits& limits, const Cancel& cancel)
      : root_(root), settings_(settings), attributes_(attributes), limits_(limits), cancel_(cancel) {}

  // Any state but kUnread afterwards. The oid is not yet set, but compared with where the base has something.
  void read(Candidate& candidate, Handle& handle) const;

 private:
  bool readStaged(Candidate& candidate, Handle& handle) const;
  bool readFromDisk(Candidate& candidate, Handle& handle) const;
  const char* refusal(const Candidate& candidate) const;
  bool mayBeBase(const Candidate& candidate, uint64_t size, Handle& handle) const;
  uint32_t modeOf(const struct stat& status, const IndexEntry* entry) const;

  const RootDirectory& root_;
  const WorktreeSettings& settings_;
  const Attributes& attributes_;
  const SnapshotLimits& limits_;
  const Cancel& cancel_;
};

}  // namespace coppice
