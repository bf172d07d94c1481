// Directories that are on disk when the call returns, and their names.
#pragma once

#include <string>

namespace coppice {

// "a/b" of "a/b/c".
std::string parentDirectoryOf(const std::string& path);

// The parent directories of `path`, made and synced where missing. Throws EXISTS when one of them is a file.
void makeParentsDurably(const std::string& path);

}  // namespace coppice
