// The bytes that a file of a tree has in the worktree: its blob, converted as its attributes ask.
#pragma once

#include <memory>
#include <string>

#include "attributes.h"
#include "session.h"
#include "tree.h"

namespace coppice {

// Throws UNSUPPORTED_FILTER when the bytes cannot be made here, naming the path.
std::shared_ptr<const std::string> contentOf(Handle& handle, const TreeFile& file, const Attributes& attributes);

[[noreturn]] void failUnsupported(const char* operation, const std::string& path, const char* reason);

}  // namespace coppice
