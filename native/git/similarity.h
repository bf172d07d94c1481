// How alike two files are, by git's measure: the share of bytes that stand in lines (or 64-byte pieces) both have.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace coppice {

inline constexpr uint32_t kMaxSimilarity = 60000;  // git's scale, so that roundings and ties fall the same way

class Fingerprint {
 public:
  explicit Fingerprint(const std::string& bytes);

  size_t size() const { return size_; }
  // 0 when alike by less than `minimum`.
  static uint32_t similarity(const Fingerprint& source, const Fingerprint& target, uint32_t minimum);
  // Whether sizes alone rule out `minimum`, before a fingerprint is made.
  static bool sizesRuleOut(size_t source, size_t target, uint32_t minimum);

 private:
  size_t size_ = 0;
  std::vector<std::pair<uint64_t, uint64_t>> pieces_;  // hash and bytes, sorted by hash, each hash once
};

}  // namespace coppice
