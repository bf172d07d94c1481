// The index that a reset writes.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "index_file.h"
#include "index_splice.h"
#include "session.h"
#include "tree.h"

namespace coppice {

// Nothing when it is missing, damaged or of a kind that we do not read: then it proves nothing.
IndexFile readIndexIfSound(const std::string& path);

// The entries of these files (sorted by path), each with the stat data that the old index holds for the same content, and
// its date. What that one names besides is added to `noLongerTracked`: ignore rules do not protect what was tracked.
IndexFile indexOver(const std::vector<TreeFile>& files, const IndexFile& old,
                    std::vector<std::string>& noLongerTracked);

// Takes over the stat data of the entries that `seen` (sorted by path) holds too.
void takeStats(IndexFile& index, const std::vector<IndexEntry>& seen);

// Sorted: these entries are as they are here, and the paths that are `gone` are not in the index any more.
std::vector<IndexEdit> indexEdits(std::initializer_list<const std::vector<IndexEntry>*> entries,
                                  const std::vector<std::string>& gone);

// The .gitattributes files of a tree that may say something about one of the files.
std::vector<TreeFile> ruleFilesAbove(Handle& handle, const Oid& treeOid, const std::vector<TreeFile>& files);

}  // namespace coppice
