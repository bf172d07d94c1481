// What kind of repository a path belongs to, and whether this library can work on it without a wrong result.
#pragma once

#include <git2.h>

#include <string>

namespace coppice {

struct RepositoryPaths {
  std::string gitDirectory;     // real paths without a final slash
  std::string commonDirectory;
};

// Throws NOT_A_REPOSITORY.
RepositoryPaths discoverRepository(const std::string& path);

// Throws UNSUPPORTED_REPOSITORY with the feature named: SHA-256, reftable, partial clone, split index, sparse index, an
// unknown extension. Looked up before libgit2 opens it, which would only say that it does not understand.
void refuseUnsupported(const RepositoryPaths& paths);

// The same for what the whole configuration, the user's own files included, makes git do to every index that it writes.
void refuseIndexConfiguration(const RepositoryPaths& paths, git_config* config);

}  // namespace coppice
