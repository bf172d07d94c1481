#include "pack_reader.h"

#include <zlib.h>

#include <algorithm>
#include <numeric>

#include "failure.h"

namespace coppice {

namespace {

constexpr size_t kHeaderBytes = 12, kTrailerBytes = 20;
constexpr uint64_t kReleasedBytes = 1u << 20;  // at a time: each is a system call

[[noreturn]] void corrupt(const std::string& path, const std::string& why) {
  fail(failure_code::kCorrupt, "readPack", why, path + ".pack");
}

uint32_t crcOf(std::string_view bytes) {
  uLong crc = crc32(0, nullptr, 0);
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, size_t{1} << 30);
    crc = crc32(crc, reinterpret_cast<const Bytef*>(piece.data()), static_cast<uInt>(piece.size()));
    bytes.remove_prefix(piece.size());
  }
  return static_cast<uint32_t>(crc);
}

// Takes bytes from the front while they say that one more follows.
class Front {
 public:
  Front(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}
  unsigned next() {
    if (bytes_.empty()) corrupt(path_, "an entry is cut off");
    const auto byte = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string_view rest() const { return bytes_; }

 private:
  std::string_view bytes_;
  const std::string& path_;
};

}  // namespace

PackReader::PackReader(const std::string& path)
    : path_(path), indexPath_(path + ".idx"), file_(path + ".pack"), indexFile_(indexPath_), index_(indexFile_.bytes(), indexPath_) {
  byOffset_.resize(index_.count());
  std::iota(byOffset_.begin(), byOffset_.end(), 0u);
  std::sort(byOffset_.begin(), byOffset_.end(), [&](uint32_t a, uint32_t b) { return index_.offset(a) < index_.offset(b); });
  const std::string_view bytes = file_.bytes();
  if (bytes.size() < kHeaderBytes + kTrailerBytes || bytes.substr(0, 4) != "PACK") corrupt(path_, "the file is not a pack");
  uint64_t least = kHeaderBytes;
  for (size_t i = 0; i < count(); i++) {
    if (offset(i) < least || offset(i) >= bytes.size() - kTrailerBytes) corrupt(path_, "an entry lies outside");
    least = offset(i) + 1;
  }
}

size_t PackReader::numberAt(uint64_t offset) const {
  const auto before = [&](uint32_t number, uint64_t wanted) { return index_.offset(number) < wanted; };
  return static_cast<size_t>(std::lower_bound(byOffset_.begin(), byOffset_.end(), offset, before) - byOffset_.begin());
}

void PackReader::passed(size_t number) {
  const uint64_t reached = offset(number);
  if (reached - released_ < kReleasedBytes) return;
  file_.release(reached);
  released_ = reached;
}

PackedEntry PackReader::entry(size_t number) const {
  PackedEntry entry;
  entry.index = {oid(number), index_.crc(byOffset_[number]), offset(number)};
  const uint64_t end = number + 1 < count() ? offset(number + 1) : file_.bytes().size() - kTrailerBytes;
  const std::string_view bytes = file_.bytes().substr(entry.index.offset, end - entry.index.offset);
  if (crcOf(bytes) != entry.index.crc) corrupt(path_, "the bytes of object " + toHex(entry.index.oid) + " have changed");
  Front front(bytes, path_);
  unsigned byte = front.next();
  entry.type = byte >> 4 & 7;
  entry.size = byte & 15;
  for (int shift = 4; byte & 0x80; shift += 7) {
    if (shift > 57) corrupt(path_, "an entry is too large");
    byte = front.next();
    entry.size |= static_cast<uint64_t>(byte & 0x7f) << shift;
  }
  if (entry.type == kOffsetDelta) {
    byte = front.next();
    uint64_t distance = byte & 0x7f;
    while (byte & 0x80) {
      if (distance > UINT64_MAX >> 8) corrupt(path_, "the base of a delta lies too far away");
      byte = front.next();
      distance = (distance + 1) << 7 | (byte & 0x7f);
    }
    if (distance == 0 || distance > entry.index.offset) corrupt(path_, "a delta has no base");
    const size_t base = numberAt(entry.index.offset - distance);
    if (base >= number || offset(base) != entry.index.offset - distance) corrupt(path_, "a delta has no base");
    entry.base = base;
  } else if (entry.type < GIT_OBJECT_COMMIT || entry.type > GIT_OBJECT_TAG) {
    corrupt(path_, "an entry of a kind that is never written here");
  }
  entry.compressed = front.rest();
  return entry;
}

}  // namespace coppice
