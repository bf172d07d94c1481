#include "ignore_rules.h"

#include "wildmatch.h"

namespace coppice {

namespace {

constexpr size_t kNone = std::string_view::npos;

// Spaces at the end do not count, unless a backslash stands before them. A backslash that is itself the line's end
// keeps the line as it is.
std::string_view withoutTrailingSpaces(std::string_view line) {
  size_t end = kNone;
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == ' ') {
      if (end == kNone) end = i;
      continue;
    }
    end = kNone;
    if (line[i] == '\\' && ++i == line.size()) return line;
  }
  return line.substr(0, end);
}

}  // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == kNone ? text.size() : newline + 1);
    if (line.empty() || line[0] == '#') continue;
    if (line.back() == '\r') line.remove_suffix(1);
    line = line.substr(0, line.find('\0'));
    rules_.push_back(parse(withoutTrailingSpaces(line)));
  }
}

IgnoreRules::Rule IgnoreRules::parse(std::string_view line) {
  Rule rule{};
  if (!line.empty() && line[0] == '!') {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (!line.empty() && line.back() == '/') {
    rule.directoryOnly = true;
    line.remove_suffix(1);
  }
  rule.nameOnly = line.find('/') == kNone;
  rule.endsWith = !line.empty() && line[0] == '*' && literalLength(line.substr(1)) == line.size() - 1;
  if (!rule.nameOnly && line[0] == '/') line.remove_prefix(1);
  rule.pattern = line;
  rule.literal = literalLength(line);
  return rule;
}

bool IgnoreRules::matchesName(const Rule& rule, std::string_view name, bool foldCase) {
  const std::string_view pattern = rule.pattern;
  if (rule.literal == pattern.size()) return equalFolded(pattern, name, foldCase);
  if (rule.endsWith) {
    const std::string_view end = pattern.substr(1);
    return end.size() <= name.size() && equalFolded(end, name.substr(name.size() - end.size()), foldCase);
  }
  return wildmatch(pattern, name, foldCase);
}

// The literal start is compared and cut off before the glob begins, as git does. That is visible: behind a literal
// start
// "**" counts as if it stood at the pattern's beginning, so "a/b**/c" matches "a/bx/y/c".
bool IgnoreRules::matchesPath(const Rule& rule, std::string_view path, bool foldCase) {
  if (rule.literal > path.size()) return false;
  const std::string_view pattern = rule.pattern;
  if (!equalFolded(pattern.substr(0, rule.literal), path.substr(0, rule.literal), foldCase)) return false;
  return wildmatch(pattern.substr(rule.literal), path.substr(rule.literal), foldCase);
}

std::optional<bool> IgnoreRules::decide(std::string_view path, bool isDirectory, bool foldCase) const {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directoryOnly && !isDirectory) continue;
    if (rule->nameOnly ? matchesName(*rule, name, foldCase) : matchesPath(*rule, path, foldCase)) return !rule->negated;
  }
  return std::nullopt;
}

}  // namespace coppice
