// One list of ignore rules: the lines of a .gitignore, of info/exclude or of core.excludesFile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

class IgnoreRules {
 public:
  explicit IgnoreRules(std::string_view text);

  bool empty() const { return rules_.empty(); }

  // What the last matching rule says about a path relative to the list's own directory: true ignored, false taken back
  // in by a `!` rule, nullopt when no rule matches. A symlink to a directory is no directory.
  std::optional<bool> decide(std::string_view path, bool isDirectory, bool foldCase) const;

 private:
  struct Rule {
    std::string pattern;
    size_t literal;  // length of the start without special characters
    bool negated;
    bool directoryOnly;
    bool nameOnly;  // no slash: matched against the last component at any depth
    bool endsWith;  // "*" and then only literal characters
  };
  static Rule parse(std::string_view line);
  static bool matchesName(const Rule& rule, std::string_view name, bool foldCase);
  static bool matchesPath(const Rule& rule, std::string_view path, bool foldCase);

  std::vector<Rule> rules_;
};

}  // namespace coppice
