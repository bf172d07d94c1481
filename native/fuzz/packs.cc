// A pack and its index: our own reader, and libgit2's with our edits.
// Input: a byte. Even: a number of four bytes, so many bytes of index, the rest is the pack. Odd: a number of objects, the offset
// of each (two bytes), the rest is the pack; its index is made here with checksums that are right, so that entries are looked at.
#include <git2/odb_backend.h>
#include <zlib.h>

#include <algorithm>
#include <set>

#include "fuzz/byte_source.h"
#include "fuzz/target.h"
#include "git/owned.h"
#include "git/pack_index.h"
#include "git/pack_reader.h"
#include "test/check.h"

using namespace coppice;
using namespace coppice::fuzz;

namespace {

constexpr size_t kTrailerBytes = 20;

Oid numbered(size_t number) {
  Oid oid{};
  oid.id[0] = static_cast<unsigned char>(number);
  return oid;
}

std::string rightIndex(const std::set<uint16_t>& offsets, std::string_view pack) {
  PageVector<PackIndexEntry> entries;
  for (auto offset = offsets.begin(); offset != offsets.end(); ++offset) {
    const size_t start = std::min<size_t>(*offset, pack.size());
    const size_t body = pack.size() < kTrailerBytes ? 0 : pack.size() - kTrailerBytes;
    const size_t end = std::max(start, std::next(offset) == offsets.end() ? body : std::min<size_t>(*std::next(offset), body));
    const std::string_view entry = pack.substr(start, end - start);
    const uLong crc = crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(entry.data()), static_cast<uInt>(entry.size()));
    entries.push_back({numbered(entries.size()), static_cast<uint32_t>(crc), *offset});
  }
  Checksum::Digest trailer{};
  if (pack.size() >= kTrailerBytes) std::copy(pack.end() - kTrailerBytes, pack.end(), trailer.begin());
  std::string index;
  writePackIndex(entries, trailer, [&](std::string_view piece) { index += piece; });
  return index;
}

void readByUs(const std::string& path) {
  const PackReader reader(path);
  for (size_t i = 0; i < reader.count(); i++) {
    answers([&] {
      const PackedEntry entry = reader.entry(i);
      must(!entry.base || *entry.base < i, "a delta on a later entry");
      must(entry.compressed.size() <= 1 << 20, "an entry larger than its pack");
    });
  }
}

void readByLibgit2(const std::string& path) {
  OwnedOdb odb;
  git_odb_backend* backend = nullptr;
  check(git_odb_new(out(odb)), "fuzz");
  check(git_odb_backend_one_pack(&backend, (path + ".idx").c_str()), "fuzz");
  check(git_odb_add_backend(odb.get(), backend, 1), "fuzz");
  std::vector<Oid> oids;
  git_odb_foreach(
      odb.get(),
      [](const git_oid* oid, void* list) {
        static_cast<std::vector<Oid>*>(list)->push_back(*oid);
        return static_cast<std::vector<Oid>*>(list)->size() < 1000 ? 0 : 1;
      },
      &oids);
  for (const Oid& oid : oids) {
    OwnedOdbObject object;
    if (git_odb_read(out(object), odb.get(), &oid) == 0) must(git_odb_object_data(object.get()) != nullptr, "an object of nothing");
  }
}

}  // namespace

FUZZ_TARGET(packs) {
  static const test::TempDirectory folder;
  const std::string path = folder.file("pack-0123456789012345678901234567890123456789");
  ByteSource source(bytes);
  std::string index, pack;
  if (source.byte() % 2 == 0) {
    const size_t high = source.number();
    index = source.take(high << 16 | source.number());
    pack = source.rest();
  } else {
    std::set<uint16_t> offsets;
    for (size_t left = source.byte(); left > 0; left--) offsets.insert(source.number());
    pack = source.rest();
    index = rightIndex(offsets, pack);
  }
  folder.write("pack-0123456789012345678901234567890123456789.pack", pack);
  folder.write("pack-0123456789012345678901234567890123456789.idx", index);
  answers([&] { readByUs(path); });
  answers([&] { readByLibgit2(path); });
}
