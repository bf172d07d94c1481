// See attribute_rules.h. Follows git's attr.c: the last matching line of the nearest file decides, attribute by
// attribute.
#include "attribute_rules.h"

#include <algorithm>
#include <optional>

#include "wildmatch.h"

namespace coppice {
namespace {

constexpr size_t kMaxLineBytes = 2048;
constexpr size_t kMaxFileBytes = 100u << 20;
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kMacroPrefix = "[attr]";

std::string_view withoutLeadingBlank(std::string_view text) {
  const size_t start = text.find_first_not_of(kBlank);
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

std::string_view firstWord(std::string_view text) {
  return text.substr(0, text.find_first_of(kBlank));
}

bool isAttributeName(std::string_view name) {
  if (name.empty() || name[0] == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '-' || c == '.' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
}

// A pattern in C quotes. Reads it and moves `text` behind it; nullopt: the quotes are wrong, git then takes the word as
// it is.
std::optional<std::string> unquote(std::string_view& text) {
  std::string plain;
  for (size_t i = 1; i < text.size(); i++) {
    if (text[i] == '"') {
      text = text.substr(i + 1);
      return plain;
    }
    if (text[i] != '\\') {
      plain.push_back(text[i]);
      continue;
    }
    if (++i >= text.size()) return std::nullopt;
    constexpr std::string_view kLetters = "abfnrtv\\\"";
    constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"";
    const size_t letter = kLetters.find(text[i]);
    if (letter != std::string_view::npos) {
      plain.push_back(kMeanings[letter]);
    } else if (text[i] >= '0' && text[i] <= '3' && i + 2 < text.size()) {
      int value = 0;
      for (size_t digit = i; digit < i + 3; digit++) {
        if (text[digit] < '0' || text[digit] > '7') return std::nullopt;
        value = value * 8 + (text[digit] - '0');
      }
      plain.push_back(static_cast<char>(value));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

AttributeRules::AttributeRules(std::vector<std::string> wanted, bool ignoreCase)
    : wanted_(wanted.size()), ignoreCase_(ignoreCase) {
  for (const std::string& name : wanted)
    numberOf(name);
  std::vector<Assignment> binary;
  parseAssignments("-diff -merge -text", binary);
  macros_[numberOf("binary")] = std::move(binary);
}

size_t AttributeRules::numberOf(std::string_view attribute) {
  return numbers_.emplace(std::string(attribute), numbers_.size()).first->second;
}

void AttributeRules::add(Place place, const std::string& directory, std::string_view bytes) {
  if (bytes.size() > kMaxFileBytes) return;
  if (bytes.substr(0, 3) == "\xef\xbb\xbf") bytes.remove_prefix(3);
  Rules rules;
  const bool macrosAllowed = place != Place::kDirectory || directory.empty();
  for (size_t start = 0; start < bytes.size();) {
    const size_t end = std::min(bytes.find('\n', start), bytes.size());
    parseLine(bytes.substr(start, end - start), macrosAllowed, rules);
    start = end + 1;
  }
  if (place == Place::kMachine) {
    machine_.push_back(std::move(rules));
  } else if (place == Place::kDirectory) {
    directories_[directory] = std::move(rules);
  } else {
    info_ = std::move(rules);
  }
}

void AttributeRules::parseLine(std::string_view line, bool macrosAllowed, Rules& rules) {
  line = line.substr(0, line.find('\0'));
  if (line.size() >= kMaxLineBytes) return;
  line = withoutLeadingBlank(line);
  if (line.empty() || line[0] == '#') return;
  std::string_view rest = line;
  std::optional<std::string> quoted;
  if (line[0] == '"') quoted = unquote(rest);
  std::string pattern = quoted ? *quoted : std::string(firstWord(line));
  if (!quoted) rest = line.substr(pattern.size());
  Rule rule;
  if (pattern.size() > kMacroPrefix.size() && pattern.compare(0, kMacroPrefix.size(), kMacroPrefix) == 0) {
    const std::string name(firstWord(withoutLeadingBlank(std::string_view(pattern).substr(kMacroPrefix.size()))));
    if (!macrosAllowed || !isAttributeName(name) || !parseAssignments(rest, rule.assignments)) return;
    macros_[numberOf(name)] = std::move(rule.assignments);
    return;
  }
  if (!parseAssignments(rest, rule.assignments)) return;
  // Negative patterns mean nothing here, and a directory has no attributes that its files would inherit.
  if (pattern.empty() || pattern[0] == '!' || pattern.back() == '/') return;
  rule.nameOnly = pattern.find('/') == std::string::npos;
  rule.suffixOnly = pattern[0] == '*' && literalLength(std::string_view(pattern).substr(1)) == pattern.size() - 1;
  if (!rule.nameOnly && pattern[0] == '/') pattern.erase(0, 1);
  rule.literal = literalLength(pattern);
  rule.pattern = std::move(pattern);
  rules.push_back(std::move(rule));
}

bool AttributeRules::parseAssignments(std::string_view text, std::vector<Assignment>& assignments) {
  for (text = withoutLeadingBlank(text); !text.empty(); text = withoutLeadingBlank(text)) {
    const std::string_view word = firstWord(text);
    text.remove_prefix(word.size());
    const size_t equals = word.find('=');
    std::string_view name = word.substr(0, equals);
    AttributeValue value;
    if (name.substr(0, 1) == "-") {
      value.kind = AttributeValue::Kind::kFalse;
      name.remove_prefix(1);
    } else if (name.substr(0, 1) == "!") {
      name.remove_prefix(1);
    } else if (equals == std::string_view::npos) {
      value.kind = AttributeValue::Kind::kTrue;
    } else {
      value = {AttributeValue::Kind::kText, std::string(word.substr(equals + 1))};
    }
    if (!isAttributeName(name)) return false;  // git drops the whole line then
    assignments.push_back({numberOf(name), std::move(value)});
  }
  return true;
}

void AttributeRules::finish() {
  std::vector<bool> useful(numbers_.size());
  for (size_t i = 0; i < wanted_; i++)
    useful[i] = true;
  for (bool grown = true; grown;) {  // macros may hold macros
    grown = false;
    for (const auto& [number, assignments] : macros_) {
      const bool reaches = std::any_of(assignments.begin(), assignments.end(),
                                       [&](const Assignment& assignment) { return useful[assignment.attribute]; });
      if (!reaches || useful[number]) continue;
      useful[number] = grown = true;
    }
  }
  for (Rules& rules : machine_)
    dropUseless(rules, useful);
  for (auto& [directory, rules] : directories_)
    dropUseless(rules, useful);
  dropUseless(info_, useful);
  empty_ =
      info_.empty() &&
      std::all_of(machine_.begin(), machine_.end(), [](const Rules& rules) { return rules.empty(); }) &&
      std::all_of(directories_.begin(), directories_.end(), [](const auto& entry) { return entry.second.empty(); });
}

void AttributeRules::dropUseless(Rules& rules, const std::vector<bool>& useful) const {
  const auto isUseless = [&](const Rule& rule) {
    return std::none_of(rule.assignments.begin(), rule.assignments.end(),
                        [&](const Assignment& assignment) { return useful[assignment.attribute]; });
  };
  rules.erase(std::remove_if(rules.begin(), rules.end(), isUseless), rules.end());
}

bool AttributeRules::matches(const Rule& rule, std::string_view path, std::string_view name) const {
  const std::string_view text = rule.nameOnly ? name : path;
  const std::string_view pattern = rule.pattern;
  if (rule.literal == pattern.size()) return equalFolded(pattern, text, ignoreCase_);
  if (rule.nameOnly && rule.suffixOnly) {
    const size_t suffix = pattern.size() - 1;
    return text.size() >= suffix && equalFolded(pattern.substr(1), text.substr(text.size() - suffix), ignoreCase_);
  }
  if (rule.nameOnly) return wildmatch(pattern, text, ignoreCase_);
  // Git cuts the literal start off before the glob begins, so that "a/b**/c" matches "a/bx/y/c".
  return text.size() >= rule.literal &&
         equalFolded(pattern.substr(0, rule.literal), text.substr(0, rule.literal), ignoreCase_) &&
         wildmatch(pattern.substr(rule.literal), text.substr(rule.literal), ignoreCase_);
}

void AttributeRules::assign(const std::vector<Assignment>& assignments, Values& values) const {
  for (auto assignment = assignments.rbegin(); assignment != assignments.rend(); ++assignment) {
    const AttributeValue*& value = values[assignment->attribute];
    if (value != nullptr) continue;
    value = &assignment->value;
    const auto macro = value->isTrue() ? macros_.find(assignment->attribute) : macros_.end();
    if (macro != macros_.end()) assign(macro->second, values);
  }
}

void AttributeRules::fill(const Rules& rules, std::string_view path, std::string_view name, Values& values) const {
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (matches(*rule, path, name)) assign(rule->assignments, values);
  }
}

std::vector<AttributeValue> AttributeRules::valuesOf(std::string_view path) const {
  Values values(numbers_.size(), nullptr);
  const size_t lastSlash = path.rfind('/');
  const std::string_view name = lastSlash == std::string_view::npos ? path : path.substr(lastSlash + 1);
  fill(info_, path, name, values);
  for (size_t end = lastSlash; !directories_.empty();) {
    const std::string_view directory = end == std::string_view::npos ? std::string_view() : path.substr(0, end);
    const auto found = directories_.find(directory);
    if (found != directories_.end()) fill(found->second, directory.empty() ? path : path.substr(end + 1), name, values);
    if (directory.empty()) break;
    end = directory.rfind('/');
  }
  for (auto rules = machine_.rbegin(); rules != machine_.rend(); ++rules)
    fill(*rules, path, name, values);
  std::vector<AttributeValue> answer(wanted_);
  for (size_t i = 0; i < wanted_; i++) {
    if (values[i] != nullptr) answer[i] = *values[i];
  }
  return answer;
}

}  // namespace coppice
