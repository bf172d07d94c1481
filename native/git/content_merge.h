// The three-way merge of one file's content: text by xdiff with git's settings, or what the path's merge driver says.
#pragma once

#include <memory>
#include <string>

#include "merge_input.h"

namespace coppice {

struct ContentMerge {
  enum class State {
    kClean,
    kConflicted,  // `text` holds ours, theirs and markers
    kBinary,      // not mergeable: a side is binary or an attribute says so; `text` is null, ours stays
  };
  State state = State::kClean;
  std::shared_ptr<const std::string> text;
};

// `base` may be absent (both sides added the file): then it counts as empty, as for git. All three are regular files.
// `path` decides the driver; each label gets ":<path>" when the two paths differ, as git does.
struct ContentSide {
  const MergeEntry& entry;
  const std::string& path;
};
// `longerMarkers`: by one character, for a content that may come to stand between markers of another conflict.
// `favor` decides where lines contradict each other, as `git merge -X` does; of what is not mergeable it decides nothing.
ContentMerge mergeContent(MergeInput& input, const std::string& path, const MergeEntry& base, ContentSide ours,
                          ContentSide theirs, bool longerMarkers = false, Favor favor = Favor::kNone);

// The bytes of an entry, from this merge or from the object database.
std::shared_ptr<const std::string> readEntry(MergeInput& input, const MergeEntry& entry);
bool isBinary(const std::string& bytes);

}  // namespace coppice
