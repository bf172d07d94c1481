// Whether a directory is a repository of its own, by git's rule: a broken ".git" does not count, git then adds the
// files.
#pragma once

#include <string>

namespace coppice {

// `path`: absolute, of the directory that holds a ".git". Only reads.
bool isNestedRepository(const std::string& path);

}  // namespace coppice
