// See similarity.h. Rejected: libgit2's hashsig, which refuses files below four lines and samples larger ones, so that the
// same rename was followed by git and not by us.
#include "similarity.h"

#include <algorithm>
#include <cstring>

namespace coppice {
namespace {

constexpr size_t kPieceBytes = 64;
constexpr size_t kBinaryProbeBytes = 8000;

uint64_t mix(uint64_t hash, unsigned char byte) { return (hash ^ byte) * 0x100000001b3ull; }

}  // namespace

Fingerprint::Fingerprint(const std::string& bytes) : size_(bytes.size()) {
  const bool text = !std::memchr(bytes.data(), 0, std::min(bytes.size(), kBinaryProbeBytes));
  constexpr uint64_t kStart = 0xcbf29ce484222325ull;
  uint64_t hash = kStart;
  size_t length = 0;
  for (size_t at = 0; at < bytes.size(); at++) {
    const char byte = bytes[at];
    // A change of line ends alone leaves a text file the same file.
    if (text && byte == '\r' && at + 1 < bytes.size() && bytes[at + 1] == '\n') continue;
    hash = mix(hash, static_cast<unsigned char>(byte));
    if (++length < kPieceBytes && byte != '\n') continue;
    pieces_.emplace_back(hash, length);
    hash = kStart;
    length = 0;
  }
  if (length > 0) pieces_.emplace_back(hash, length);
  std::sort(pieces_.begin(), pieces_.end());
  size_t kept = 0;
  for (size_t at = 0; at < pieces_.size(); at++) {
    if (kept > 0 && pieces_[kept - 1].first == pieces_[at].first) {
      pieces_[kept - 1].second += pieces_[at].second;
    } else {
      pieces_[kept++] = pieces_[at];
    }
  }
  pieces_.resize(kept);
  pieces_.shrink_to_fit();
}

bool Fingerprint::sizesRuleOut(size_t source, size_t target, uint32_t minimum) {
  const uint64_t larger = std::max(source, target), smaller = std::min(source, target);
  return larger * (kMaxSimilarity - minimum) < (larger - smaller) * kMaxSimilarity;
}

uint32_t Fingerprint::similarity(const Fingerprint& source, const Fingerprint& target, uint32_t minimum) {
  if (target.size_ == 0 || sizesRuleOut(source.size_, target.size_, minimum)) return 0;
  uint64_t common = 0;
  auto a = source.pieces_.begin();
  auto b = target.pieces_.begin();
  while (a != source.pieces_.end() && b != target.pieces_.end()) {
    if (a->first < b->first) {
      ++a;
    } else if (b->first < a->first) {
      ++b;
    } else {
      common += std::min(a++->second, b++->second);
    }
  }
  const uint64_t score = common * kMaxSimilarity / std::max(source.size_, target.size_);
  return score < minimum ? 0 : static_cast<uint32_t>(score);
}

}  // namespace coppice
