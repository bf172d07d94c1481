// Which number in a quarantine is which path, as a file: NUL-ended fields, the word "end" last.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "types.h"

namespace coppice {

inline constexpr const char* kQuarantinePrefix = "coppice-quarantine-";
inline constexpr const char* kQuarantineList = "list";

std::string serializeQuarantineList(const std::string& root, const std::vector<Change>& changes);
// nullopt: not whole, or of another worktree than `root` that is still there.
std::optional<std::vector<Change>> parseQuarantineList(const std::string& text, const std::string& root);

inline std::string partName(const std::string& name) { return name + ".part"; }
inline std::string neighbourName(const std::string& token, size_t number) {
  return ".coppice-" + token + "-" + std::to_string(number);
}

}  // namespace coppice
