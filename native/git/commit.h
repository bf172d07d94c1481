// The bytes of a commit object, written by us: git_commit_create reports success on a full disk and moves refs by itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "types.h"

namespace coppice {

// The bytes of a commit: identities sanitised as git does (no '<', '>' or newline, no crud at the ends), the message without
// leading and trailing blank lines and with one newline at its end, no encoding header (it is UTF-8), a parent named twice
// kept once. Throws INVALID when a name is empty, a time is negative, or a text holds a NUL.
std::string commitBytes(const CommitRequest& request);

// The oids that the bytes of a commit name. Throws CORRUPT.
Oid treeOf(std::string_view commitBytes);
std::vector<Oid> parentsOf(std::string_view commitBytes);

// "Name <email> seconds zone", as commits and reflogs hold it. `role` is for the message of a failure.
std::string identityLine(const Person& person, const char* role);

}  // namespace coppice
