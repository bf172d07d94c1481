// The configuration that decides what happens to a file's content, read anew for each operation: it is the user's.
#include <strings.h>

#include <algorithm>

#include "attributes.h"
#include "configuration.h"
#include "failure.h"
#include "owned.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "attributes.readSettings";

// The folders that libgit2 searches at a level, so that tests and hosts steer both by one setting.
std::vector<std::string> searchFolders(git_config_level_t level) {
  OwnedBuffer folders;
  check(git_libgit2_opts(GIT_OPT_GET_SEARCH_PATH, level, folders.get()), kOperation);
  std::vector<std::string> list;
  const std::string text(folders.data(), folders.size());
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(GIT_PATH_LIST_SEPARATOR, start), text.size());
    if (end > start) list.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return list;
}

std::optional<std::string> readText(git_config* config, const char* name) {
  OwnedBuffer value;
  const int result = git_config_get_string_buf(value.get(), config, name);
  if (result == GIT_ENOTFOUND) return std::nullopt;
  check(result, kOperation, name);
  return std::string(value.data(), value.size());
}

bool readBool(git_config* config, const char* name) {
  int value = 0;
  const int result = git_config_get_bool(&value, config, name);
  if (result == GIT_ENOTFOUND) return false;
  check(result, kOperation, name);
  return value != 0;
}

ConversionSettings::AutoCrlf readAutoCrlf(git_config* config) {
  const std::optional<std::string> text = readText(config, "core.autocrlf");
  if (text && strcasecmp(text->c_str(), "input") == 0) return ConversionSettings::AutoCrlf::kInput;
  return readBool(config, "core.autocrlf") ? ConversionSettings::AutoCrlf::kOn : ConversionSettings::AutoCrlf::kOff;
}

std::vector<std::string> readRuleFiles(git_config* config) {
  std::vector<std::string> files;
  for (const std::string& folder : searchFolders(GIT_CONFIG_LEVEL_SYSTEM))
    files.push_back(folder + "/gitattributes");
  OwnedBuffer path;
  const int result = git_config_get_path(path.get(), config, "core.attributesfile");
  if (result == GIT_ENOTFOUND) {
    const std::vector<std::string> folders = searchFolders(GIT_CONFIG_LEVEL_XDG);
    if (!folders.empty()) files.push_back(folders.front() + "/attributes");
    return files;
  }
  check(result, kOperation, "core.attributesFile");
  if (path.size() > 0) files.emplace_back(path.data(), path.size());
  return files;
}

// filter.<name>.{clean,smudge,process,required}; an empty command is none.
int addFilterEntry(const git_config_entry* entry, void* payload) noexcept {
  try {
    auto& filters = *static_cast<std::unordered_map<std::string, ConversionSettings::Filter>*>(payload);
    const std::string key(entry->name);
    const size_t start = key.find('.'), end = key.rfind('.');
    if (end <= start) return 0;
    ConversionSettings::Filter& filter = filters[key.substr(start + 1, end - start - 1)];
    const std::string variable = key.substr(end + 1);
    const bool command = entry->value != nullptr && entry->value[0] != '\0';
    if (variable == "clean") filter.clean = command;
    if (variable == "smudge") filter.smudge = command;
    if (variable == "process" && command) filter.clean = filter.smudge = true;
    int required = 0;
    if (variable == "required")
      filter.required =
          entry->value == nullptr || (git_config_parse_bool(&required, entry->value) == 0 && required != 0);
    return 0;
  } catch (...) {
    return GIT_EUSER;  // out of memory; nothing may cross libgit2's C
  }
}

}  // namespace

ConversionSettings ConversionSettings::read(const std::string& gitDirectory) {
  const OwnedConfig config = configurationOf(gitDirectory);
  ConversionSettings settings;
  settings.autoCrlf = readAutoCrlf(config.get());
  settings.nativeCrlf = readText(config.get(), "core.eol") == "crlf";
  settings.ignoreCase = readBool(config.get(), "core.ignorecase");
  settings.ruleFiles = readRuleFiles(config.get());
  check(git_config_foreach_match(config.get(), "^filter\\..*\\.(clean|smudge|process|required)$", addFilterEntry,
                                 &settings.filters),
        kOperation, "filter");
  return settings;
}

}  // namespace coppice
