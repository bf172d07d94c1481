// A pack (version 2) and its index (version 2) of objects in memory, written by us: libgit2's packbuilder walks, sorts and
// searches for deltas for each pack (three times the time for the small packs of a flush), and does not sync them.
// An object whose previous version is in the same pack is a delta on it; never on an object of another pack, which may go.
// Limits: an object of 4 GiB and more is refused; the pack itself may be larger.
#pragma once

#include <string>
#include <vector>

#include "cancel.h"
#include "checksum.h"
#include "deflater.h"
#include "delta_bases.h"
#include "object_store.h"
#include "owned.h"
#include "pack_index.h"

namespace coppice {

class PackWriter {
 public:
  // Makes a temporary file for the pack `name` in `packDirectory`; git deletes files of such names when they are old.
  PackWriter(const std::string& packDirectory, const std::string& name, uint32_t objectCount);
  // Removes what was not published.
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  // Each object once, `objectCount` of them.
  void add(const Oid& oid, const StoredObject& object, const Cancel& cancel);
  // One that is compressed already; of a delta `baseOffset` is where its base lies in this pack.
  uint64_t offset() const { return offset_; }
  void addCompressed(const Oid& oid, int type, uint64_t size, std::optional<uint64_t> baseOffset, std::string_view compressed);
  // Trailer and index; both files are on disk when this returns.
  void finish();
  // Renames the pack and then its index to `<name>.pack` and `<name>.idx` (git looks for the index), and syncs the directory.
  void publish();
  // Where the index of a pack lies before its pack is published, and again once it is to go.
  static std::string readyIndexPath(const std::string& packDirectory, const std::string& name);
  // What a death before the index got its name has left of it.
  static void removeUnpublished(const std::string& packDirectory, const std::string& name) noexcept;

  uint64_t bytes() const { return offset_; }  // of the pack

 private:
  void beginEntry(int type, uint64_t size, std::optional<uint64_t> baseOffset);
  void endEntry(const Oid& oid);
  void write(std::string_view bytes);
  void drain();
  void writeIndex(const Checksum::Digest& digest);

  std::string packDirectory_, name_, packPath_, indexPath_;
  uint32_t objectCount_;
  OwnedFd fd_;
  PageString buffer_;
  Checksum checksum_;
  Deflater deflater_;
  DeltaBases bases_;
  PageVector<PackIndexEntry> entries_;
  uint64_t offset_ = 0;
  uint64_t entryOffset_ = 0;
  uint32_t crc_ = 0;
};

}  // namespace coppice
