// The bytes of an index in which a few entries change: what lies between them is copied as it was read, so the cost is that of
// copying and of the checksum. Building every entry anew is serializeIndex, which says the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "index_file.h"

namespace coppice {

// What becomes of a path. All present entries of it go, of every stage.
struct IndexEdit {
  std::string path;
  std::optional<IndexEntry> entry;  // of the same path; nothing: the path leaves the index
};

// `index` is as IndexFile::read gave it: changes of its entries are not seen. `edits`: each path once, in any order. The files of
// the `distrusted` (places in `index.entries`, ascending, none of an edited path) are not to be trusted by their stat: git will
// compare the content. The version stays (3 instead of 2 where a new entry needs it); TREE is invalidated on the edited paths;
// FSMN, UNTR, EOIE and IEOT go.
PageString splicedIndex(const IndexFile& index, std::vector<IndexEdit> edits, const std::vector<size_t>& distrusted);

}  // namespace coppice
