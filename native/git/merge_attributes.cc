// See merge_attributes.h. Rejected: libgit2's git_attr_get, which looks into the working tree and the index (another commit
// than ours, or none in a bare repository) and keeps a cache that outlives the merge.
#include "merge_attributes.h"

#include <charconv>

#include "attributes.h"
#include "entry_at.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "merge.attributes";
constexpr size_t kMaxRuleFileBytes = 100u << 20;  // git's own limit
const std::string kRuleFile = ".gitattributes";
enum Wanted { kMerge, kMarkerSize };

// "a/b" gives "", "a" and "a/b".
std::vector<std::string> withParents(const std::string& directory) {
  std::vector<std::string> all{""};
  for (size_t end = directory.find('/'); !directory.empty(); end = directory.find('/', end + 1)) {
    all.push_back(directory.substr(0, end));
    if (end == std::string::npos) break;
  }
  return all;
}

std::optional<std::string> configText(git_repository* repository, const std::string& name) {
  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), repository), kOperation);
  OwnedBuffer value;
  const int result = git_config_get_string_buf(value.get(), config.get(), name.c_str());
  if (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC) return std::nullopt;
  check(result, kOperation, name);
  return std::string(value.data(), value.size());
}

}  // namespace

const MergeAttributes::Outside& MergeAttributes::outside() {
  if (outside_) return *outside_;
  Outside read;
  const ConversionSettings settings = ConversionSettings::read(git_repository_path(handle_.repository()));
  for (const std::string& path : settings.ruleFiles) {
    if (auto text = readSmallFile(path, kMaxRuleFileBytes)) read.machineRules.push_back(std::move(*text));
  }
  read.infoRules = readSmallFile(handle_.session().commonDirectory() + "/info/attributes", kMaxRuleFileBytes);
  read.defaultDriver = configText(handle_.repository(), "merge.default");
  read.ignoreCase = settings.ignoreCase;
  return outside_.emplace(std::move(read));
}

const AttributeRules& MergeAttributes::rulesFor(const std::string& directory) {
  using Place = AttributeRules::Place;
  if (const auto known = byDirectory_.find(directory); known != byDirectory_.end()) return known->second;
  AttributeRules rules({"merge", "conflict-marker-size"}, outside().ignoreCase);
  for (const std::string& text : outside().machineRules) rules.add(Place::kMachine, "", text);
  for (const std::string& parent : withParents(directory)) {
    const MergeEntry file = entryAt(handle_, treeOid_, parent.empty() ? kRuleFile : parent + "/" + kRuleFile);
    if (isRegular(file.mode)) rules.add(Place::kDirectory, parent, *handle_.read(file.oid, GIT_OBJECT_BLOB).data);
  }
  if (outside().infoRules) rules.add(Place::kInfo, "", *outside().infoRules);
  rules.finish();
  return byDirectory_.emplace(directory, std::move(rules)).first->second;
}

MergeDriver::Kind MergeAttributes::kindOf(const AttributeValue& merge) {
  if (merge.isTrue()) return MergeDriver::Kind::kText;
  if (merge.isFalse()) return MergeDriver::Kind::kBinary;
  const bool named = merge.kind == AttributeValue::Kind::kText;
  if (!named && !outside().defaultDriver) return MergeDriver::Kind::kText;
  const std::string name = named ? merge.text : *outside().defaultDriver;
  // A configured program wins over git's own drivers of the same name, and a name that nobody configured means text.
  if (configText(handle_.repository(), "merge." + name + ".driver")) return MergeDriver::Kind::kCommand;
  if (name == "binary") return MergeDriver::Kind::kBinary;
  return name == "union" ? MergeDriver::Kind::kUnion : MergeDriver::Kind::kText;
}

MergeDriver MergeAttributes::driverFor(const std::string& path) {
  const size_t slash = path.rfind('/');
  const AttributeRules& rules = rulesFor(slash == std::string::npos ? "" : path.substr(0, slash));
  MergeDriver driver;
  if (rules.empty() && !outside().defaultDriver) return driver;
  const std::vector<AttributeValue> values = rules.valuesOf(path);
  driver.kind = kindOf(values[kMerge]);
  const std::string& size = values[kMarkerSize].text;
  int number = 0;
  if (std::from_chars(size.data(), size.data() + size.size(), number).ec == std::errc() && number > 0 && number < 1000)
    driver.markerSize = number;
  return driver;
}

}  // namespace coppice
