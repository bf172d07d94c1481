// See content_merge.h.
#include "content_merge.h"

#include <algorithm>
#include <cstring>

#include "lasting.h"
#include "libgit2/xdiff_merge.h"

namespace coppice {
namespace {

constexpr size_t kBinaryProbeBytes = 8000;             // as git: a NUL in the first 8,000 bytes
constexpr size_t kMaxTextBytes = 1023ull * 1024 * 1024;  // as git: beyond it a file is binary

struct TextFree {
  void operator()(char* text) const noexcept { coppice_text_free(text); }
};

coppice_text textOf(const std::string& bytes) { return {bytes.data(), bytes.size()}; }

int xdiffFavor(Favor favor) {
  switch (favor) {
    case Favor::kOurs:
      return COPPICE_FAVOR_OURS;
    case Favor::kTheirs:
      return COPPICE_FAVOR_THEIRS;
    case Favor::kUnion:
      return COPPICE_FAVOR_UNION;
    case Favor::kNone:
      break;
  }
  return COPPICE_FAVOR_NONE;
}

}  // namespace

bool isBinary(const std::string& bytes) {
  return bytes.size() > kMaxTextBytes || std::memchr(bytes.data(), 0, std::min(bytes.size(), kBinaryProbeBytes));
}

std::shared_ptr<const std::string> readEntry(MergeInput& input, const MergeEntry& entry) {
  if (entry.text) return entry.text;
  return input.handle.read(entry.oid, GIT_OBJECT_BLOB).data;
}

ContentMerge mergeContent(MergeInput& input, const std::string& path, const MergeEntry& base, ContentSide ours,
                          ContentSide theirs, bool longerMarkers, Favor favor) {
  input.cancel.check("merge.content");
  const MergeDriver driver = input.attributes.driverFor(path);
  if (driver.kind == MergeDriver::Kind::kBinary || driver.kind == MergeDriver::Kind::kCommand)
    return {ContentMerge::State::kBinary, nullptr};

  static const Lasting<std::shared_ptr<const std::string>> kNothing(std::make_shared<const std::string>());
  const auto baseText = base ? readEntry(input, base) : *kNothing;
  const auto oursText = readEntry(input, ours.entry);
  const auto theirsText = readEntry(input, theirs.entry);
  if (isBinary(*baseText) || isBinary(*oursText) || isBinary(*theirsText)) return {ContentMerge::State::kBinary, nullptr};

  const bool samePath = ours.path == theirs.path;
  const std::string oursLabel = samePath ? input.labels.ours : input.labels.ours + ":" + ours.path;
  const std::string theirsLabel = samePath ? input.labels.theirs : input.labels.theirs + ":" + theirs.path;
  const coppice_merge_settings settings{oursLabel.c_str(), theirsLabel.c_str(), driver.markerSize + longerMarkers,
                                  driver.kind == MergeDriver::Kind::kUnion ? COPPICE_FAVOR_UNION : xdiffFavor(favor)};
  char* merged = nullptr;
  size_t size = 0;
  const int conflicts = coppice_merge_text(&merged, &size, textOf(*baseText), textOf(*oursText), textOf(*theirsText), &settings);
  const std::unique_ptr<char, TextFree> owner(merged);
  if (conflicts < 0) fail(failure_code::kLimit, "merge.content", "the file could not be merged: out of memory", path);

  const ContentMerge::State state = conflicts == 0 ? ContentMerge::State::kClean : ContentMerge::State::kConflicted;
  return {state, std::make_shared<const std::string>(merged ? merged : "", merged ? size : 0)};
}

}  // namespace coppice
