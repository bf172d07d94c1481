// See rename_detect.h. Rejected: libgit2's rename detection. It pairs greedily in path order, counts 200 changed paths
// before it stops looking, cannot be cancelled, and differs from git on generated histories (docs/decisions).
#include "rename_detect.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include "content_merge.h"
#include "similarity.h"

namespace coppice {
namespace {

constexpr uint32_t kMinimum = kMaxSimilarity / 2;
constexpr uint32_t kBaseNameMinimum = kMaxSimilarity * 3 / 4;
constexpr uint64_t kMaxPairs = 7000ull * 7000ull;
constexpr size_t kMaxSameContent = 100;  // identical sources tried for one target
constexpr size_t kKeptPerTarget = 4;     // best sources kept for one target; bounds memory to the targets

std::string_view baseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

class Detection {
 public:
  Detection(MergeInput& input, const std::vector<RenameCandidate>& sources, const std::vector<RenameCandidate>& targets)
      : input_(input), sources_(sources), targets_(targets), sourceUsed_(sources.size()), targetUsed_(targets.size()),
        sourcePrints_(sources.size()), targetPrints_(targets.size()) {}

  std::vector<Rename> run() {
    pairSameContent();
    pairBaseNames();
    pairMostAlike();
    return std::move(renames_);
  }

 private:
  using Prints = std::vector<std::optional<Fingerprint>>;

  void pairSameContent();
  void pairBaseNames();
  void pairMostAlike();
  uint32_t similarity(size_t source, size_t target, uint32_t minimum);
  const Fingerprint& print(Prints& prints, const std::vector<RenameCandidate>& candidates, size_t at);
  void pair(size_t source, size_t target) {
    sourceUsed_[source] = targetUsed_[target] = true;
    renames_.push_back({source, target});
  }
  bool open(size_t source) const { return !sourceUsed_[source] && sources_[source].relevant; }

  MergeInput& input_;
  const std::vector<RenameCandidate>& sources_;
  const std::vector<RenameCandidate>& targets_;
  std::vector<bool> sourceUsed_, targetUsed_;
  Prints sourcePrints_, targetPrints_;
  std::vector<Rename> renames_;
};

void Detection::pairSameContent() {
  std::unordered_map<Oid, std::vector<size_t>, OidHash, OidEqual> byContent;
  for (size_t source = 0; source < sources_.size(); source++) byContent[sources_[source].entry.oid].push_back(source);
  const Oid emptyBlobOid = hashObject(GIT_OBJECT_BLOB, "");
  for (size_t target = 0; target < targets_.size(); target++) {
    input_.cancel.check("merge.detectRenames");
    const MergeEntry& entry = targets_[target].entry;
    // Every empty file is like every other one: that says nothing.
    const auto same = byContent.find(entry.oid);
    if (same == byContent.end() || entry.oid == emptyBlobOid) continue;
    std::optional<size_t> best;
    size_t tried = 0;
    for (const size_t source : same->second) {
      if (tried++ > kMaxSameContent) break;
      const uint32_t mode = sources_[source].entry.mode;
      if (sourceUsed_[source] || ((!isRegular(mode) || !isRegular(entry.mode)) && mode != entry.mode)) continue;
      const bool sameName = baseName(sources_[source].path) == baseName(targets_[target].path);
      if (!best || sameName) best = source;
      if (sameName) break;
    }
    if (best) pair(*best, target);
  }
}

const Fingerprint& Detection::print(Prints& prints, const std::vector<RenameCandidate>& candidates, size_t at) {
  if (!prints[at]) prints[at].emplace(*readEntry(input_, candidates[at].entry));
  return *prints[at];
}

uint32_t Detection::similarity(size_t source, size_t target, uint32_t minimum) {
  input_.cancel.check("merge.detectRenames");
  if (!isRegular(sources_[source].entry.mode) || !isRegular(targets_[target].entry.mode)) return 0;
  return Fingerprint::similarity(print(sourcePrints_, sources_, source), print(targetPrints_, targets_, target), minimum);
}

void Detection::pairBaseNames() {
  constexpr size_t kSeveral = SIZE_MAX;
  const auto unique = [](std::unordered_map<std::string_view, size_t>& names, std::string_view name, size_t at) {
    if (!names.emplace(name, at).second) names[name] = kSeveral;
  };
  std::unordered_map<std::string_view, size_t> sourceNames, targetNames;
  for (size_t source = 0; source < sources_.size(); source++)
    if (open(source)) unique(sourceNames, baseName(sources_[source].path), source);
  for (size_t target = 0; target < targets_.size(); target++)
    if (!targetUsed_[target]) unique(targetNames, baseName(targets_[target].path), target);
  for (size_t source = 0; source < sources_.size(); source++) {
    if (!open(source)) continue;
    const auto name = baseName(sources_[source].path);
    const auto found = targetNames.find(name);
    if (sourceNames[name] == kSeveral || found == targetNames.end() || found->second == kSeveral) continue;
    if (targetUsed_[found->second]) continue;
    if (similarity(source, found->second, kMinimum) >= kBaseNameMinimum) pair(source, found->second);
  }
}

void Detection::pairMostAlike() {
  struct Score {
    uint32_t score = 0;
    bool sameName = false;
    size_t source = SIZE_MAX, target = SIZE_MAX;
    bool betterThan(const Score& other) const {
      if (target == SIZE_MAX || other.target == SIZE_MAX) return target != SIZE_MAX && other.target == SIZE_MAX;
      return score != other.score ? score > other.score : sameName && !other.sameName;
    }
  };
  std::vector<size_t> openSources, openTargets;
  for (size_t source = 0; source < sources_.size(); source++)
    if (open(source)) openSources.push_back(source);
  for (size_t target = 0; target < targets_.size(); target++)
    if (!targetUsed_[target]) openTargets.push_back(target);
  if (static_cast<uint64_t>(openSources.size()) * openTargets.size() > kMaxPairs) return;

  std::vector<Score> scores;
  scores.reserve(openTargets.size() * kKeptPerTarget);
  for (const size_t target : openTargets) {
    std::array<Score, kKeptPerTarget> best;
    for (const size_t source : openSources) {
      const bool sameName = baseName(sources_[source].path) == baseName(targets_[target].path);
      const Score found{similarity(source, target, kMinimum), sameName, source, target};
      Score* worst = &best[0];
      for (Score& kept : best)
        if (worst->betterThan(kept)) worst = &kept;
      if (found.betterThan(*worst)) *worst = found;
    }
    targetPrints_[target].reset();  // each target is looked at once: hundreds of them must not stay in memory
    scores.insert(scores.end(), best.begin(), best.end());
  }
  std::stable_sort(scores.begin(), scores.end(), [](const Score& a, const Score& b) { return a.betterThan(b); });
  for (const Score& score : scores) {
    if (score.target == SIZE_MAX || score.score < kMinimum) break;
    if (!targetUsed_[score.target] && !sourceUsed_[score.source]) pair(score.source, score.target);
  }
}

}  // namespace

std::vector<Rename> detectRenames(MergeInput& input, const std::vector<RenameCandidate>& sources,
                                  const std::vector<RenameCandidate>& targets) {
  return Detection(input, sources, targets).run();
}

}  // namespace coppice
