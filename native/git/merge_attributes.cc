// Attributes by git's rules, from a tree. Rejected: libgit2's git_attr_get, which looks into the working tree and the index
// (another commit than ours, or none in a bare repository) and keeps a cache that outlives the merge.
#include "merge_attributes.h"

#include <algorithm>

#include "libgit2/xdiff_merge.h"
#include "owned.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kFileName = ".gitattributes";
constexpr size_t kMaxFileBytes = 100u << 20;  // both limits are git's: a longer line, a larger file is ignored
constexpr size_t kMaxLineBytes = 2048;
constexpr std::string_view kBlanks = " \t\r\n";

// A pattern in double quotes, with C escapes. False when it is not closed.
bool unquote(std::string_view& line, std::string& pattern) {
  for (size_t at = 1; at < line.size(); at++) {
    if (line[at] == '"') {
      line.remove_prefix(at + 1);
      return true;
    }
    if (line[at] != '\\') {
      pattern.push_back(line[at]);
      continue;
    }
    if (++at == line.size()) return false;
    static constexpr std::string_view kNames = "abtnvfr\"\\";
    static constexpr std::string_view kBytes = "\a\b\t\n\v\f\r\"\\";
    if (const size_t known = kNames.find(line[at]); known != std::string_view::npos) {
      pattern.push_back(kBytes[known]);
      continue;
    }
    int value = 0;
    for (int digit = 0; digit < 3; digit++, at++) {
      if (at >= line.size() || line[at] < '0' || line[at] > '7') return false;
      value = value * 8 + (line[at] - '0');
    }
    at--;
    pattern.push_back(static_cast<char>(value));
  }
  return false;
}

std::string_view nextWord(std::string_view& line) {
  const size_t from = std::min(line.find_first_not_of(kBlanks), line.size());
  line.remove_prefix(from);
  const size_t length = std::min(line.find_first_of(kBlanks), line.size());
  const std::string_view word = line.substr(0, length);
  line.remove_prefix(length);
  return word;
}

std::optional<std::string> configText(git_config* config, const char* name, bool path) {
  OwnedBuffer value;
  const int result = path ? git_config_get_path(value.get(), config, name) : git_config_get_string_buf(value.get(), config, name);
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, "merge.readConfig");
  return std::string(value.data(), value.size());
}

// A file of that name in the folders where libgit2 looks for configuration of this level.
std::vector<std::string> levelFiles(git_config_level_t level, const std::string& name) {
  OwnedBuffer folders;
  check(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, static_cast<int>(level), folders.get()), "merge.readConfig");
  std::vector<std::string> files;
  std::string_view rest(folders.data(), folders.size());
  while (!rest.empty()) {
    const size_t length = std::min(rest.find(GIT_PATH_LIST_SEPARATOR), rest.size());
    if (length > 0) files.push_back(std::string(rest.substr(0, length)) + "/" + name);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return files;
}

}  // namespace

MergeAttributes::MergeAttributes(Handle& handle, const Oid& oursTreeOid)
    : handle_(handle), treeOid_(oursTreeOid), ignoreCase_(handle.session().ignoreCase()) {}
MergeAttributes::~MergeAttributes() = default;

std::shared_ptr<const MergeAttributes::File> MergeAttributes::parse(std::string_view text, std::string directory, bool macros) {
  auto file = std::make_shared<File>();
  file->directory = std::move(directory);
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.size() >= kMaxLineBytes) continue;
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty() || line.front() == '#') continue;

    Rule rule;
    bool macro = false;
    if (line.front() == '"') {
      if (!unquote(line, rule.pattern)) continue;
    } else {
      rule.pattern = nextWord(line);
      constexpr std::string_view kMacro = "[attr]";
      if (rule.pattern.compare(0, kMacro.size(), kMacro) == 0) {
        macro = true;
        rule.pattern.erase(0, kMacro.size());
        if (!macros) continue;
      }
    }
    // A negative pattern is forbidden, and one that ends with '/' matches directories only: neither ever matches a file.
    if (!macro && (rule.pattern.empty() || rule.pattern.front() == '!' || rule.pattern.back() == '/')) continue;
    for (std::string_view word = nextWord(line); !word.empty(); word = nextWord(line)) {
      Assignment assignment;
      const size_t equals = word.find('=');
      if (word.front() == '-' || word.front() == '!') {
        assignment.state = word.front() == '-' ? Assignment::State::kUnset : Assignment::State::kUnspecified;
        assignment.name = word.substr(1);
      } else if (equals == std::string_view::npos) {
        assignment.state = Assignment::State::kSet;
        assignment.name = word;
      } else {
        assignment.state = Assignment::State::kValue;
        assignment.name = word.substr(0, equals);
        assignment.value = word.substr(equals + 1);
      }
      rule.assignments.push_back(std::move(assignment));
    }
    rule.wholePath = rule.pattern.find('/') != std::string::npos;
    if (!macro && rule.pattern.front() == '/') rule.pattern.erase(0, 1);
    (macro ? file->macros : file->rules).push_back(std::move(rule));
  }
  return file;
}

std::shared_ptr<const MergeAttributes::File> MergeAttributes::fileInTree(const std::string& directory) {
  if (const auto known = inTree_.find(directory); known != inTree_.end()) return known->second;
  std::shared_ptr<const File> file;
  TreePtr tree = readTree(handle_, treeOid_);
  for (size_t from = 0; tree && from < directory.size();) {
    const size_t end = directory.find('/', from);
    const TreeEntry* entry = tree->find(std::string_view(directory).substr(from, end - from));
    tree = entry && entry->isTree() ? readTree(handle_, entry->oid) : nullptr;
    from = end + 1;
  }
  const TreeEntry* entry = tree ? tree->find(kFileName) : nullptr;
  if (entry && (entry->mode & 0170000) == 0100000) {
    const auto data = handle_.read(entry->oid, GIT_OBJECT_BLOB).data;
    if (data->size() <= kMaxFileBytes) file = parse(*data, directory, directory.empty());
  }
  inTree_.emplace(directory, file);
  return file;
}

void MergeAttributes::readOutside() {
  if (outsideRead_) return;
  outsideRead_ = true;
  builtin_ = parse("[attr]binary -diff -merge -text\n", "", true);
  const auto read = [](const std::string& path) -> std::shared_ptr<const File> {
    const auto text = readSmallFile(path, kMaxFileBytes);
    return text ? parse(*text, "", true) : nullptr;
  };
  info_ = read(handle_.session().commonDirectory() + "/info/attributes");

  OwnedConfig config;
  check(git_repository_config_snapshot(out(config), handle_.repository()), "merge.readConfig");
  defaultDriver_ = configText(config.get(), "merge.default", false);
  std::vector<std::string> paths;
  if (const auto chosen = configText(config.get(), "core.attributesfile", true)) {
    paths.push_back(*chosen);
  } else {
    paths = levelFiles(GIT_CONFIG_LEVEL_XDG, "attributes");
  }
  for (auto& path : levelFiles(GIT_CONFIG_LEVEL_SYSTEM, "gitattributes")) paths.push_back(std::move(path));
  for (const auto& path : paths) {
    if (auto file = read(path)) global_.push_back(std::move(file));
  }
}

void MergeAttributes::apply(const std::vector<Assignment>& assignments, const std::vector<const File*>& files,
                            Decided& decided) const {
  for (auto assignment = assignments.rbegin(); assignment != assignments.rend(); ++assignment) {
    if (!decided.emplace(assignment->name, *assignment).second) continue;
    if (assignment->state != Assignment::State::kSet) continue;
    // A macro stands for its assignments. It ends: each name is decided once, so no name expands twice.
    const Rule* macro = nullptr;
    for (size_t i = 0; i < files.size() && !macro; i++) {
      for (auto rule = files[i]->macros.rbegin(); rule != files[i]->macros.rend() && !macro; ++rule) {
        if (rule->pattern == assignment->name) macro = &*rule;
      }
    }
    if (macro) apply(macro->assignments, files, decided);
  }
}

MergeDriver MergeAttributes::driverFor(std::string_view path) {
  readOutside();
  std::vector<std::shared_ptr<const File>> held;
  if (info_) held.push_back(info_);
  for (size_t slash = path.rfind('/');; slash = path.rfind('/', slash - 1)) {
    const bool root = slash == std::string_view::npos;
    if (auto file = fileInTree(root ? "" : std::string(path.substr(0, slash + 1)))) held.push_back(std::move(file));
    if (root || slash == 0) break;
  }
  held.insert(held.end(), global_.begin(), global_.end());
  if (held.empty() && !defaultDriver_) return {};
  held.push_back(builtin_);
  std::vector<const File*> files;
  for (const auto& file : held) files.push_back(file.get());

  Decided decided;
  for (const File* file : files) {
    const std::string below(path.substr(file->directory.size()));
    const std::string name = below.substr(below.rfind('/') + 1);  // npos + 1 is 0
    for (auto rule = file->rules.rbegin(); rule != file->rules.rend(); ++rule) {
      const std::string& text = rule->wholePath ? below : name;
      if (coppice_path_matches(rule->pattern.c_str(), text.c_str(), rule->wholePath, ignoreCase_))
        apply(rule->assignments, files, decided);
    }
  }
  return driverOf(decided);
}

MergeDriver MergeAttributes::driverOf(const Decided& decided) const {
  MergeDriver driver;
  if (const auto size = decided.find("conflict-marker-size"); size != decided.end()) {
    const int value = std::atoi(size->second.value.c_str());
    if (value > 0 && value < 1000) driver.markerSize = value;
  }
  std::string name = defaultDriver_.value_or("text");
  if (const auto merge = decided.find("merge"); merge != decided.end()) {
    switch (merge->second.state) {
      case Assignment::State::kSet: name = "text"; break;
      case Assignment::State::kUnset: name = "binary"; break;
      case Assignment::State::kValue: name = merge->second.value; break;
      case Assignment::State::kUnspecified: break;
    }
  }
  if (name == "text") return driver;
  if (name == "binary") {
    driver.kind = MergeDriver::Kind::kBinary;
  } else if (name == "union") {
    driver.kind = MergeDriver::Kind::kUnion;
  } else {
    OwnedConfig config;
    check(git_repository_config_snapshot(out(config), handle_.repository()), "merge.readConfig");
    // A name that nobody configured means the text driver, as for git.
    if (configText(config.get(), ("merge." + name + ".driver").c_str(), false)) driver.kind = MergeDriver::Kind::kCommand;
  }
  return driver;
}

}  // namespace coppice
