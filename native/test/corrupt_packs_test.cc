// Packs with damaged bytes: whatever is wrong, every read ends, with the object or with an error that says so. Never with a
// wrong object, a hang or a crash.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>

#include "git/deflater.h"
#include "git/operations.h"
#include "git/pack_index.h"
#include "test/session_repository.h"

using namespace coppice;
using namespace coppice::test;

namespace {

namespace fs = std::filesystem;

constexpr unsigned kDeadlineSeconds = 30;
constexpr int kWrongObject = 3;

// Versions of a few files, so that the pack has chains of deltas, and one file that does not compress.
class PackedRepository : public SessionRepository {
 public:
  PackedRepository() {
    std::mt19937 random(7);
    std::string noise(40000, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    write("noise", noise);
    std::string text;
    for (int line = 0; line < 400; line++) text += "line " + std::to_string(random()) + "\n";
    for (int version = 0; version < 12; version++) {
      text.replace(text.size() / 2, 4, std::to_string(1000 + version));
      write("dir/text", text);
      write("dir/sub/" + std::to_string(version), "version " + std::to_string(version) + "\n");
      commitAll("version " + std::to_string(version));
    }
    older = oid("HEAD~5");
    newest = oid("HEAD");
    git("repack -adfq --depth=20 --window=20");
    git("prune-packed");
    std::istringstream listed(git("cat-file --batch-all-objects --batch-check='%(objectname)'"));
    for (std::string hex; listed >> hex;) {
      Oid oid{};
      if (parseOid(hex, oid)) oids.push_back(oid);
    }
    for (const auto& file : fs::directory_iterator(path() + "/.git/objects/pack")) {
      const std::string name = file.path().filename().string();
      if (file.path().extension() == ".pack") pack = ".git/objects/pack/" + name;
      if (file.path().extension() == ".idx") index = ".git/objects/pack/" + name;
    }
    for (const std::string& name : {pack, index}) fs::permissions(path() + "/" + name, fs::perms::owner_write, fs::perm_options::add);
  }

  std::vector<Oid> oids;
  Oid older, newest;
  std::string pack, index;
};

// How a process of its own ended that read everything: nothing may be left in this one by a crash.
std::string readEverything(const PackedRepository& repository) {
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    ::alarm(kDeadlineSeconds);
    try {
      const auto session = Session::open({repository.path(), 1}, Cancel());
      const HandleLease handle = session->handle();
      for (const Oid& oid : repository.oids) {
        try {
          const Handle::Read read = handle->read(oid);
          if (hashObject(read.type, *read.data) != oid) _exit(kWrongObject);
        } catch (const Failure&) {
          continue;
        }
      }
      diff(*session, {repository.older, repository.newest, true, 1 << 20}, Cancel());
    } catch (const Failure&) {
      _exit(0);
    } catch (...) {
      _exit(2);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? "hangs" : "dies of signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == kWrongObject) return "reads a wrong object";
  return WEXITSTATUS(status) == 0 ? "" : "ends with " + std::to_string(WEXITSTATUS(status));
}

// Some bytes changed, a piece zeroed, or the end cut off.
std::string damaged(std::string bytes, std::mt19937& random) {
  const auto place = [&](size_t size) { return std::uniform_int_distribution<size_t>(0, size - 1)(random); };
  switch (place(4)) {
    case 0:
      bytes.resize(place(bytes.size()));
      break;
    case 1: {
      const size_t start = place(bytes.size());
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(start),
                bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), start + 1 + place(200))), '\0');
      break;
    }
    default:
      for (size_t i = 0; i <= place(4); i++) bytes[place(bytes.size())] = static_cast<char>(random());
  }
  return bytes;
}

void damageAndRead(const std::string PackedRepository::*file, unsigned seed, int cases) {
  const PackedRepository repository;
  CHECK(repository.oids.size() > 40);
  CHECK_EQ(readEverything(repository), "");
  const std::string name = repository.*file;
  const std::string whole = repository.read(name);
  std::mt19937 random(seed);
  for (int i = 0; i < cases; i++) {
    repository.write(name, damaged(whole, random));
    const std::string end = readEverything(repository);
    if (!end.empty()) throw CheckFailed("case " + std::to_string(i) + " of " + name + " " + end);
  }
}

// A pack of one blob of a few bytes that is said to have 1 GiB.
Oid addBoastingPack(const SessionRepository& repository) {
  std::string entry = "\xb0\x80\x80\x80\x20";
  Deflater(1).compress("few", Cancel(), [&](std::string_view piece) { entry += piece; });
  const auto textOf = [](const Checksum::Digest& digest) { return std::string(digest.begin(), digest.end()); };
  std::string pack = std::string("PACK\0\0\0\2\0\0\0\1", 12) + entry;
  const Checksum::Digest digest = Checksum::of(pack);
  pack += textOf(digest);
  const Oid oid = hashObject(GIT_OBJECT_BLOB, "few");
  PageVector<PackIndexEntry> entries;
  entries.push_back({oid, 0, 12});
  std::string index;
  writePackIndex(entries, digest, [&](std::string_view piece) { index += piece; });
  const std::string path = ".git/objects/pack/pack-" + toHex(oid);
  repository.write(path + ".pack", pack);
  repository.write(path + ".idx", index);
  return oid;
}

long largestResidentKiB() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

}  // namespace

TEST(corrupt_packs_take_no_memory_for_what_they_only_say) {
  const SessionRepository repository;
  const Oid oid = addBoastingPack(repository);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    // What it began with is the parent's, and under a sanitizer that is much.
    const long before = largestResidentKiB();
    try {
      const auto session = Session::open({repository.path(), 1}, Cancel());
      session->handle()->read(oid);
      _exit(1);
    } catch (const Failure&) {
      _exit(largestResidentKiB() - before > 512 * 1024 ? 2 : 0);
    } catch (...) {
      _exit(3);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(corrupt_packs_are_read_to_an_end) { damageAndRead(&PackedRepository::pack, 1, 300); }

TEST(corrupt_pack_indexes_are_read_to_an_end) { damageAndRead(&PackedRepository::index, 2, 300); }
