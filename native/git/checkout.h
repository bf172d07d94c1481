// Writing all files of a tree into an empty folder: copied from a checked-out worktree where that is proven right,
// inflated elsewhere, on several threads, by directory handles and without following a link.
#pragma once

#include <cstdint>
#include <vector>

#include "attributes.h"
#include "cancel.h"
#include "copy_source.h"
#include "disk_room.h"
#include "index_file.h"
#include "safe_path.h"
#include "session.h"
#include "tree.h"
#include "worktree_settings.h"

namespace coppice {

struct CheckoutRequest {
  const RootDirectory& root;
  const std::vector<TreeFile>& files;  // sorted by path
  const Attributes& attributes;
  const WorktreeSettings& settings;
  const CopySource* source = nullptr;  // nullptr: everything is inflated
};

struct CheckoutResult {
  std::vector<FileStat> stats;  // of each file, taken when its content was complete
  uint32_t copied = 0;
  uint64_t bytes = 0;
};

// Refuses a tree that names what must not be written, or one path as a file and as a directory. Throws UNSAFE_PATH.
void requireSafeTree(const std::vector<TreeFile>& files, const Cancel& cancel);

// What these files will take. Sizes are the blobs' or, where a file is copied, the file's; what a conversion adds is not counted.
RoomNeeded roomFor(Handle& handle, const std::vector<TreeFile>& files, const CopySource* source, const Cancel& cancel);

// Throws EXISTS where something is in the way, UNSUPPORTED_FILTER. What was written so far stays: the caller removes
// it.
CheckoutResult checkOut(Session& session, const CheckoutRequest& request, const Cancel& cancel);

}  // namespace coppice
