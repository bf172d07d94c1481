#include "pack_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "failpoint.h"
#include "failure.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "flush.writePack";
constexpr size_t kBufferBytes = 256 * 1024;
constexpr uint64_t kMaxObjectBytes = UINT32_MAX;
constexpr mode_t kPackMode = 0444;  // as git: nobody writes to a pack
// Small packs that are repacked later anyway: half the time of git's default for a twentieth more bytes.
constexpr int kLevel = Z_BEST_SPEED;

// Object names are random and do not compress: of a tree a tenth goes, of a delta nothing. The search for a way to do it was
// most of the time of writing them, so they are stored; so are commits of a few lines.
bool isStored(const StoredObject& object, const std::string* deltaBytes) {
  constexpr size_t kMaxDelta = 128, kMaxTree = 4096, kMaxCommit = 512;
  if (deltaBytes != nullptr) return deltaBytes->size() <= kMaxDelta;
  if (object.type == GIT_OBJECT_TREE) return object.data->size() <= kMaxTree;
  return object.type == GIT_OBJECT_COMMIT && object.data->size() <= kMaxCommit;
}

void append32(std::string& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
}

std::string_view viewOf(const Checksum::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// Type in three bits, then the size: four bits, then seven a byte, the lowest first.
std::string entryHeader(int type, uint64_t size) {
  std::string header;
  uint64_t byte = static_cast<uint64_t>(type) << 4 | (size & 15);
  for (size >>= 4; size > 0; size >>= 7) {
    header.push_back(static_cast<char>(byte | 0x80));
    byte = size & 0x7f;
  }
  header.push_back(static_cast<char>(byte));
  return header;
}

// How far back the base of a delta lies: seven bits a byte, the highest first, and no two ways to write one number.
std::string distanceBytes(uint64_t distance) {
  std::string bytes(1, static_cast<char>(distance & 0x7f));
  while (distance >>= 7) bytes.insert(bytes.begin(), static_cast<char>(0x80 | (--distance & 0x7f)));
  return bytes;
}

// Not git's "tmp_": with --prune=now its gc and prune take whatever is called that, also from under us. Ours are known by their .keep.
std::string temporaryPath(const std::string& packDirectory, const char* kind, const std::string& name) {
  return packDirectory + "/coppice_" + kind + "_" + name;
}

// A hint: the pack and its index go to the disk side by side, and the first sync commits what the second one would have to.
void beginWriting([[maybe_unused]] int fd) {
#ifdef __linux__
  ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
}

}  // namespace

PackWriter::PackWriter(const std::string& packDirectory, const std::string& name, uint32_t objectCount)
    : packDirectory_(packDirectory), name_(name), objectCount_(objectCount), deflater_(kLevel) {
  packPath_ = temporaryPath(packDirectory_, "pack", name_);
  fd_ = OwnedFd(::open(packPath_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPackMode));
  if (!fd_) {
    const std::string path = std::exchange(packPath_, {});
    failSystem(kOperation, path);
  }
  buffer_.reserve(kBufferBytes + 16384);
  entries_.reserve(objectCount);
  std::string header = "PACK";
  append32(header, 2);
  append32(header, objectCount);
  write(header);
}

PackWriter::~PackWriter() {
  for (const std::string& path : {packPath_, indexPath_}) {
    if (!path.empty()) ::unlink(path.c_str());
  }
}

void PackWriter::write(std::string_view bytes) {
  buffer_.append(bytes);
  offset_ += bytes.size();
  crc_ = static_cast<uint32_t>(crc32(crc_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
  if (buffer_.size() >= kBufferBytes) drain();
}

void PackWriter::drain() {
  checksum_.update(buffer_);
  writeAll(fd_.get(), buffer_.data(), buffer_.size(), packPath_);
  buffer_.clear();
}

void PackWriter::add(const Oid& oid, const StoredObject& object, const Cancel& cancel) {
  if (object.data->size() > kMaxObjectBytes) {
    fail(failure_code::kLimit, kOperation, "object " + toHex(oid) + " is larger than 4 GiB");
  }
  const auto delta = bases_.find(object);
  if (delta) {
    beginEntry(kOffsetDelta, delta->bytes.size(), delta->baseOffset);
  } else {
    beginEntry(object.type, object.data->size(), std::nullopt);
  }
  const auto take = [this](std::string_view piece) { write(piece); };
  const std::string& bytes = delta ? delta->bytes : *object.data;
  if (isStored(object, delta ? &delta->bytes : nullptr)) {
    deflater_.store(bytes, take);
  } else {
    deflater_.compress(bytes, cancel, take);
  }
  bases_.add(oid, object, entryOffset_, delta ? delta->depth : 0);
  endEntry(oid);
}

void PackWriter::addCompressed(const Oid& oid, int type, uint64_t size, std::optional<uint64_t> baseOffset,
                               std::string_view compressed) {
  beginEntry(type, size, baseOffset);
  for (; !compressed.empty(); compressed.remove_prefix(std::min(compressed.size(), kBufferBytes))) {
    write(compressed.substr(0, kBufferBytes));
  }
  endEntry(oid);
}

void PackWriter::beginEntry(int type, uint64_t size, std::optional<uint64_t> baseOffset) {
  entryOffset_ = offset_;
  crc_ = 0;
  write(entryHeader(type, size) + (baseOffset ? distanceBytes(offset_ - *baseOffset) : std::string()));
}

void PackWriter::endEntry(const Oid& oid) { entries_.push_back({oid, crc_, entryOffset_}); }

void PackWriter::finish() {
  if (entries_.size() != objectCount_) fail(failure_code::kInvalid, kOperation, "not as many objects as were announced");
  drain();
  const Checksum::Digest digest = checksum_.finish();
  writeAll(fd_.get(), viewOf(digest).data(), digest.size(), packPath_);
  offset_ += digest.size();
  beginWriting(fd_.get());
  writeIndex(digest);
}

void PackWriter::writeIndex(const Checksum::Digest& digest) {
  indexPath_ = temporaryPath(packDirectory_, "idx", name_);
  const OwnedFd fd(::open(indexPath_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kPackMode));
  if (!fd) {
    const std::string path = std::exchange(indexPath_, {});
    failSystem(kOperation, path);
  }
  writePackIndex(entries_, digest, [&](std::string_view piece) { writeAll(fd.get(), piece.data(), piece.size(), indexPath_); });
  beginWriting(fd.get());
  if (::fsync(fd_.get()) != 0) failSystem(kOperation, packPath_);
  if (::fsync(fd.get()) != 0) failSystem(kOperation, indexPath_);
  PageVector<PackIndexEntry>().swap(entries_);  // verifying a large pack needs the room
}

void PackWriter::publish() {
  const std::string target = packDirectory_ + "/" + name_;
  if (::rename(packPath_.c_str(), (target + ".pack").c_str()) != 0) failSystem(kOperation, target + ".pack");
  failpoint("flush.pack-named");
  packPath_ = target + ".pack";  // until its index is there the pack is nobody's, and goes if that fails
  if (::rename(indexPath_.c_str(), (target + ".idx").c_str()) != 0) failSystem(kOperation, target + ".idx");
  failpoint("flush.index-named");
  packPath_.clear();
  indexPath_.clear();
  syncDirectory(packDirectory_);
}

std::string PackWriter::readyIndexPath(const std::string& packDirectory, const std::string& name) {
  return temporaryPath(packDirectory, "idx", name);
}

void PackWriter::removeUnpublished(const std::string& packDirectory, const std::string& name) noexcept {
  const std::string target = packDirectory + "/" + name;
  // Whatever is there instead of the index counts, a link that leads nowhere, too.
  struct stat status;
  if (::lstat((target + ".idx").c_str(), &status) == 0 || errno != ENOENT) return;
  // A pack is published with its index, which lies ready beside it. Without either it has lost its index, and git can make another.
  if (::lstat(readyIndexPath(packDirectory, name).c_str(), &status) == 0) ::unlink((target + ".pack").c_str());
  for (const char* kind : {"pack", "idx"}) ::unlink(temporaryPath(packDirectory, kind, name).c_str());
}

}  // namespace coppice
