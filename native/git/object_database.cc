#include "object_database.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "failure.h"
#include "loose_object.h"
#include "safe_path.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "openObjectDatabase";
constexpr int kStorePriority = 3;
constexpr int kPackPriority = 2;
constexpr int kLoosePriority = 1;
constexpr size_t kMaxAlternateDepth = 5;  // as git
constexpr size_t kMaxAlternatesBytes = 1u << 20;

// The backend belongs to the odb from the moment that it was taken.
void add(git_odb* odb, git_odb_backend* backend, int priority, bool alternate) {
  const int result = alternate ? git_odb_add_alternate(odb, backend, priority) : git_odb_add_backend(odb, backend, priority);
  if (result < 0) backend->free(backend);
  check(result, kOperation);
}

std::string realPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
  return resolved ? resolved.get() : std::string();
}

// One line each; relative ones start at the object directory that names them; git quotes a path with odd bytes.
std::vector<std::string> alternatesOf(const std::string& objectsDirectory) {
  const auto text = readSmallFile(objectsDirectory + "/info/alternates", kMaxAlternatesBytes);
  std::vector<std::string> paths;
  for (size_t at = 0; text && at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '"') fail(failure_code::kUnsupportedRepository, kOperation, "quoted paths in alternates are not supported", line);
    paths.push_back(line[0] == '/' ? line : objectsDirectory + "/" + line);
  }
  return paths;
}

void collect(const std::string& path, size_t depth, std::vector<std::string>& directories) {
  const std::string directory = realPath(path);
  if (directory.empty()) return;  // git warns about an alternate that is gone, and works on
  if (std::find(directories.begin(), directories.end(), directory) != directories.end()) return;
  directories.push_back(directory);
  if (depth >= kMaxAlternateDepth) return;
  for (const std::string& alternate : alternatesOf(directory)) collect(alternate, depth + 1, directories);
}

}  // namespace

OwnedOdb openObjectDatabase(const std::string& commonDirectory, ObjectStore& store) {
  const std::string objects = commonDirectory + "/objects";
  // libgit2 never looks for packs again in a folder that was not there when it was opened.
  if (::mkdir((objects + "/pack").c_str(), 0777) != 0 && errno == ENOENT) {
    fail(failure_code::kNotARepository, kOperation, "the repository has no object database", objects);
  }
  std::vector<std::string> directories;
  collect(objects, 0, directories);
  OwnedOdb odb;
  check(git_odb_new(out(odb)), kOperation);
  add(odb.get(), store.newBackend(), kStorePriority, false);
  for (const std::string& directory : directories) {
    const bool alternate = directory != directories.front();
    git_odb_backend* packs = nullptr;
    check(git_odb_backend_pack(&packs, directory.c_str()), kOperation, directory);
    add(odb.get(), packs, kPackPriority, alternate);
    add(odb.get(), newLooseBackend(directory), kLoosePriority, alternate);
  }
  return odb;
}

}  // namespace coppice
