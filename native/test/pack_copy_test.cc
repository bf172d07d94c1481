// Copying packs: what it may take of memory, and which indexes it refuses.
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "git/pack_copy.h"
#include "git/pack_names.h"
#include "test/session_repository.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace coppice;
using namespace coppice::test;

namespace {

const Cancel kNever;

std::string packDirectory(const SessionRepository& repository) { return repository.path() + "/.git/objects/pack"; }

// A pack of blobs that hold the numbers from..to; where it lies, without ending.
std::string packOfNumbers(const SessionRepository& repository, int from, int to) {
  std::set<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(packDirectory(repository))) known.insert(entry.path());
  std::string input;
  for (int i = from; i <= to; i++) {
    const std::string text = std::to_string(i);
    input += "blob\ndata " + std::to_string(text.size()) + "\n" + text + "\n";
  }
  repository.git("-c fastimport.unpackLimit=0 fast-import --quiet --depth=0", input);
  for (const auto& entry : std::filesystem::directory_iterator(packDirectory(repository))) {
    if (entry.path().extension() == ".pack" && known.count(entry.path()) == 0) return entry.path().parent_path() / entry.path().stem();
  }
  throw std::runtime_error("fast-import made no pack");
}

std::string indexOfNames(const std::vector<unsigned char>& firstBytes) {
  PageVector<PackIndexEntry> entries;
  for (const unsigned char first : firstBytes) {
    PackIndexEntry entry;
    entry.oid.id[0] = first;
    entry.offset = 12u + first;
    entries.push_back(entry);
  }
  std::string bytes;
  writePackIndex(entries, Checksum::Digest{}, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

#ifdef __linux__
// In KiB, of the mappings of a file, or of a number of files.
size_t residentOf(const std::string& path) {
  std::ifstream maps("/proc/self/smaps");
  size_t resident = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (std::regex_search(line, std::regex("^[0-9a-f]+-[0-9a-f]+ "))) inside = line.find(path) != std::string::npos;
    if (inside && line.rfind("Rss:", 0) == 0) resident += std::stoul(line.substr(4));
  }
  return resident;
}
#endif

}  // namespace

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
// What malloc is asked for it keeps, for each thread: that was most of what a long run came to hold.
TEST(pack_copy_takes_next_to_nothing_from_malloc) {
  const SessionRepository repository;
  const auto session = repository.open();
  constexpr int kObjects = 40000, kShared = 100;
  const std::string first = packOfNumbers(repository, 1, kObjects / 2 + kShared);
  const std::string second = packOfNumbers(repository, kObjects / 2 + 1, kObjects);
  const HandleLease handle = session->handle();
  const auto used = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const size_t before = used();
  Packs packs;
  for (const std::string& path : {first, second}) packs.push_back(std::make_unique<PackReader>(path));
  PackCopy copy(packs, kNever);
  CHECK_EQ(copy.objects(), uint32_t{kObjects});
  PackWriter writer(packDirectory(repository), "pack-copied", copy.objects());
  said([&] { copy.to(writer, *handle); });
  CHECK(used() - before < size_t{1} << 20);  // a set of names alone is two
  writer.finish();
  writer.publish();
  repository.git("verify-pack " + quoted(packDirectory(repository) + "/pack-copied.idx"));
}
#endif

#ifdef __linux__
TEST(pack_reader_lets_go_of_what_it_has_passed) {
  const SessionRepository repository;
  const auto session = repository.open();
  const std::string path = packOfNumbers(repository, 1, 400000);
  PackReader pack(path);
  CHECK(std::filesystem::file_size(path + ".pack") > 5u << 20);
  size_t most = 0;
  for (size_t i = 0; i < pack.count(); i++) {
    pack.passed(i);
    pack.entry(i);
    if (i % 50000 == 0) most = std::max(most, residentOf(path + ".pack"));
  }
  CHECK(most > 0 && most < 2048);
  pack.entry(0);  // it can still be read
}
#endif

TEST(pack_names_gives_each_name_once_in_order) {
  const std::string path = "idx";
  const std::string a = indexOfNames({1, 5, 9}), b = indexOfNames({5, 7}), none = indexOfNames({}), c = indexOfNames({5, 200});
  std::vector<PackIndexView> views;
  for (const std::string* bytes : {&a, &b, &none, &c}) views.emplace_back(*bytes, path);
  std::string names;
  eachName({&views[0], &views[1], &views[2], &views[3]}, kNever, [&](const Oid& oid, size_t indexes) {
    names += std::to_string(oid.id[0]) + "x" + std::to_string(indexes) + " ";
  });
  CHECK_EQ(names, "1x1 5x3 7x1 9x1 200x1 ");
}

TEST(pack_names_refuses_an_index_that_is_not_sorted) {
  const std::string path = "idx";
  std::string bytes = indexOfNames({1, 5, 9});
  bytes[8 + 1024 + 20] = 10;  // the second name
  const PackIndexView view(bytes, path);
  std::string code;
  try {
    eachName({&view}, kNever, [](const Oid&, size_t) {});
  } catch (const Failure& failure) {
    code = failure.code;
  }
  CHECK_EQ(code, failure_code::kCorrupt);
}
