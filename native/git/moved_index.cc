#include "moved_index.h"

#include "cached_tree.h"
#include "index_bytes.h"
#include "index_file.h"

namespace coppice {
namespace {

constexpr size_t kFixedBytes = 62;  // of an entry, before its path
constexpr size_t kTrailerBytes = 20;
constexpr size_t kExtensionHeaderBytes = 8;
constexpr uint16_t kAnyFlag = static_cast<uint16_t>(~index_flag::kNameMask);

uint16_t number16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 | static_cast<unsigned char>(bytes[at + 1]));
}

class Copy {
 public:
  Copy(std::string_view bytes, size_t extraBytes) : bytes_(bytes), end_(bytes.size() - kTrailerBytes) {
    copied_.reserve(bytes.size() + extraBytes);
  }

  // False: not an index of this form.
  bool readHeader() {
    ByteReader reader(bytes_.substr(0, end_));
    std::string_view signature;
    uint32_t version = 0;
    if (!reader.take(4, signature) || signature != "DIRC" || !reader.take32(version) || version != 2) return false;
    if (!reader.take32(left_)) return false;
    at_ = from_ = reader.position();
    appendIndexHeader(copied_, 2, 0);  // the number follows in `end`
    return true;
  }

  bool add(const IndexEdit& edit) {
    for (;;) {
      if (left_ == 0) break;
      if (!readPath()) return false;
      const int order = path_.compare(edit.path);
      if (order > 0) break;
      if (order == 0) flush();
      at_ = next_;
      left_--;
      if (order == 0) {
        from_ = at_;
        break;
      }
      count_++;
    }
    flush();
    if (!edit.entry) return true;
    appendIndexEntry(copied_, *edit.entry, 2, {});
    count_++;
    return true;
  }

  bool finishEntries() {
    for (; left_ > 0; left_--, count_++) {
      if (!readPath()) return false;
      at_ = next_;
    }
    flush();
    return true;
  }

  // The content of the TREE extension, when it is the only one.
  std::optional<std::string_view> tree() const {
    ByteReader reader(bytes_.substr(at_, end_ - at_));
    std::string_view signature, data;
    uint32_t size = 0;
    if (!reader.take(4, signature) || signature != "TREE" || !reader.take32(size) || !reader.take(size, data) ||
        reader.left() > 0)
      return std::nullopt;
    return data;
  }

  std::string end(const std::string& treeExtension) && {
    std::string number;
    append32(number, count_);
    copied_.replace(8, 4, number);
    copied_.reserve(copied_.size() + kExtensionHeaderBytes + treeExtension.size() + kTrailerBytes);
    appendIndexEnd(copied_, treeExtension, {});
    return std::move(copied_);
  }

 private:
  // Of the entry at hand, and where the next one begins.
  bool readPath() {
    if (end_ - at_ < kFixedBytes) return false;
    const uint16_t flags = number16(bytes_, at_ + kFixedBytes - 2);
    if (flags & kAnyFlag) return false;
    const size_t start = at_ + kFixedBytes;
    size_t size = flags & index_flag::kNameMask;
    if (size == index_flag::kNameMask) size = bytes_.substr(0, end_).find('\0', start) - start;
    if (size > end_ - start) return false;  // also when there is no NUL
    const size_t whole = (kFixedBytes + size + 8) & ~size_t{7};
    if (whole > end_ - at_ || bytes_[start + size] != '\0') return false;
    path_ = bytes_.substr(start, size);
    next_ = at_ + whole;
    return true;
  }

  void flush() {
    copied_.append(bytes_, from_, at_ - from_);
    from_ = at_;
  }

  const std::string_view bytes_;
  const size_t end_;
  std::string copied_;
  std::string_view path_;
  size_t at_ = 0, next_ = 0;
  size_t from_ = 0;  // what is not copied yet begins here
  uint32_t left_ = 0, count_ = 0;
};

}  // namespace

std::optional<std::string> movedIndex(Handle& handle, std::string_view bytes, const Oid& oldTreeOid,
                                      const Oid& newTreeOid, const std::vector<IndexEdit>& edits, const Cancel& cancel) {
  if (bytes.size() < kTrailerBytes) return std::nullopt;
  size_t extraBytes = 0;
  for (const IndexEdit& edit : edits)
    extraBytes += 72 + edit.path.size();
  Copy copy(bytes, extraBytes);
  if (!copy.readHeader()) return std::nullopt;
  for (const IndexEdit& edit : edits)
    if (!copy.add(edit)) return std::nullopt;
  if (!copy.finishEntries()) return std::nullopt;
  const std::optional<std::string_view> extension = copy.tree();
  if (!extension) return std::nullopt;
  const std::unique_ptr<CachedTree> old = parseTreeExtension(*extension);
  if (!old || old->entries < 0 || old->oid != oldTreeOid) return std::nullopt;
  return std::move(copy).end(treeExtensionFor(handle, newTreeOid, cancel, old.get()));
}

}  // namespace coppice
