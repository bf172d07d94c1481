// Processes that hold a directory tree: what a task may have left running.
#pragma once

#include <string>
#include <vector>

#include "cancel.h"
#include "types.h"

namespace coppice {

// `roots`: real paths. One holder for each process and root, the first reason found: "cwd", "descriptor" (writable),
// "mapping" (writable and shared). Of a process that began before the calling one only the working directory counts: no
// task started it, and going through the descriptors and mappings of a desktop's processes takes tens of milliseconds.
// Only processes of this user can be looked into (all, for root), and never the calling one. Not seen: a thread with a
// working directory of its own, a process in another mount namespace that knows the tree under another path, and a file
// that was opened by another name (a hard link outside).
std::vector<Holder> findHolders(const std::vector<std::string>& roots, const Cancel& cancel);

}  // namespace coppice
