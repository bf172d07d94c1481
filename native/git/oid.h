// Object names: comparison, hashing and the hexadecimal form that crosses the border.
#pragma once

#include <git2.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace coppice {

using Oid = git_oid;

inline bool operator==(const Oid& a, const Oid& b) { return std::memcmp(a.id, b.id, sizeof a.id) == 0; }
inline bool operator!=(const Oid& a, const Oid& b) { return !(a == b); }

struct OidHash {
  size_t operator()(const Oid& oid) const noexcept {
    size_t value;
    std::memcpy(&value, oid.id, sizeof value);
    return value;
  }
};
struct OidEqual {
  bool operator()(const Oid& a, const Oid& b) const noexcept { return std::memcmp(a.id, b.id, sizeof a.id) == 0; }
};

std::string toHex(const Oid& oid);
// Accepts exactly 40 hexadecimal digits. Abbreviations are refused: they can become ambiguous between two calls.
bool parseOid(std::string_view text, Oid& oid);

inline constexpr uint32_t kModeTree = 0040000;
inline constexpr uint32_t kModeFile = 0100644;
inline constexpr uint32_t kModeExecutable = 0100755;
inline constexpr uint32_t kModeSymlink = 0120000;
inline constexpr uint32_t kModeGitlink = 0160000;

}  // namespace coppice
