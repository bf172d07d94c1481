#include "pack_index.h"

#include <algorithm>
#include <cstring>

#include "failure.h"

namespace coppice {

namespace {

constexpr uint32_t kLarge = 0x80000000u;  // marks a position in the table of 64-bit offsets
constexpr size_t kFanoutEnd = 8 + 256 * 4, kTrailers = 40, kNameBytes = sizeof(Oid::id);
constexpr size_t kPieceBytes = 64 * 1024;

std::string_view viewOf(const unsigned char* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

// Gathers small pieces, and sums up what it has given on.
class Pieces {
 public:
  explicit Pieces(const std::function<void(std::string_view)>& take) : take_(take) { buffer_.reserve(kPieceBytes + 64); }

  void add(std::string_view bytes) {
    buffer_.append(bytes);
    if (buffer_.size() >= kPieceBytes) give();
  }
  void add32(uint32_t value) {
    const unsigned char bytes[] = {static_cast<unsigned char>(value >> 24), static_cast<unsigned char>(value >> 16),
                                   static_cast<unsigned char>(value >> 8), static_cast<unsigned char>(value)};
    add(viewOf(bytes, sizeof bytes));
  }
  void end() {
    give();
    const Checksum::Digest digest = checksum_.finish();
    take_(viewOf(digest.data(), digest.size()));
  }

 private:
  void give() {
    checksum_.update(buffer_);
    take_(buffer_);
    buffer_.clear();
  }
  const std::function<void(std::string_view)>& take_;
  std::string buffer_;
  Checksum checksum_;
};

// For each first byte of a name, how many objects have that one or a lower one.
void addFanout(Pieces& pieces, const PageVector<PackIndexEntry>& entries) {
  size_t count = 0;
  for (unsigned first = 0; first < 256; first++) {
    while (count < entries.size() && entries[count].oid.id[0] <= first) count++;
    pieces.add32(static_cast<uint32_t>(count));
  }
}

void addOffsets(Pieces& pieces, const PageVector<PackIndexEntry>& entries) {
  uint32_t large = 0;
  for (const PackIndexEntry& entry : entries)
    pieces.add32(entry.offset < kLarge ? static_cast<uint32_t>(entry.offset) : kLarge | large++);
  for (const PackIndexEntry& entry : entries) {
    if (entry.offset < kLarge) continue;
    pieces.add32(static_cast<uint32_t>(entry.offset >> 32));
    pieces.add32(static_cast<uint32_t>(entry.offset));
  }
}

uint32_t read32(std::string_view bytes, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

[[noreturn]] void malformed(const std::string& path) {
  fail(failure_code::kCorrupt, "readPackIndex", "the index of a pack is malformed", path);
}

}  // namespace

void writePackIndex(PageVector<PackIndexEntry>& entries, const Checksum::Digest& packChecksum,
                    const std::function<void(std::string_view)>& take) {
  std::sort(entries.begin(), entries.end(), [](const PackIndexEntry& a, const PackIndexEntry& b) {
    return std::memcmp(a.oid.id, b.oid.id, sizeof a.oid.id) < 0;
  });
  Pieces pieces(take);
  pieces.add({"\377tOc", 4});
  pieces.add32(2);
  addFanout(pieces, entries);
  for (const PackIndexEntry& entry : entries) pieces.add(viewOf(entry.oid.id, kNameBytes));
  for (const PackIndexEntry& entry : entries) pieces.add32(entry.crc);
  addOffsets(pieces, entries);
  pieces.add(viewOf(packChecksum.data(), packChecksum.size()));
  pieces.end();
}

PackIndexView::PackIndexView(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {
  if (bytes.size() < kFanoutEnd + kTrailers || bytes.substr(0, 4) != "\377tOc" || read32(bytes, 4) != 2) malformed(path);
  count_ = read32(bytes, kFanoutEnd - 4);
  crcs_ = kFanoutEnd + count_ * kNameBytes;
  offsets_ = crcs_ + count_ * 4;
  large_ = offsets_ + count_ * 4;
  if (bytes.size() < large_ + kTrailers) malformed(path);
  largeCount_ = (bytes.size() - kTrailers - large_) / 8;
}

Oid PackIndexView::oid(size_t number) const {
  Oid oid{};
  std::memcpy(oid.id, bytes_.data() + kFanoutEnd + number * kNameBytes, kNameBytes);
  return oid;
}

uint32_t PackIndexView::crc(size_t number) const { return read32(bytes_, crcs_ + number * 4); }

uint64_t PackIndexView::offset(size_t number) const {
  const uint32_t offset = read32(bytes_, offsets_ + number * 4);
  if ((offset & kLarge) == 0) return offset;
  const size_t at = offset & ~kLarge;
  if (at >= largeCount_) malformed(path_);
  return static_cast<uint64_t>(read32(bytes_, large_ + at * 8)) << 32 | read32(bytes_, large_ + at * 8 + 4);
}

}  // namespace coppice
