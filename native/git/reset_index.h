// The index that a reset writes.
#pragma once

#include <string>
#include <vector>

#include "index_file.h"
#include "session.h"
#include "tree.h"

namespace coppice {

// Nothing when it is missing, damaged or of a kind that we do not read: then it proves nothing.
IndexFile readIndexIfSound(const std::string& path);

// The entries of these files (sorted by path), each with the stat data that the old index holds for the same content, and
// its date. What that one names besides is added to `noLongerTracked`: ignore rules do not protect what was tracked.
IndexFile indexOver(const std::vector<TreeFile>& files, const IndexFile& old,
                    std::vector<std::string>& noLongerTracked);

// Takes over the stat data of the entries that `seen` holds too.
void takeStats(IndexFile& index, const IndexFile& seen);

// The .gitattributes files of a tree that may say something about one of the files.
std::vector<TreeFile> ruleFilesAbove(Handle& handle, const Oid& treeOid, const std::vector<TreeFile>& files);

}  // namespace coppice
