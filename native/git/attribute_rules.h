// The rules of .gitattributes files: parsing, macros, and which values a path has. As git reads them, limits included.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace coppice {

struct AttributeValue {
  enum class Kind { kUnspecified, kTrue, kFalse, kText };
  Kind kind = Kind::kUnspecified;
  std::string text;

  bool isTrue() const { return kind == Kind::kTrue; }
  bool isFalse() const { return kind == Kind::kFalse; }
  bool is(std::string_view wanted) const { return kind == Kind::kText && text == wanted; }
};

class AttributeRules {
 public:
  // `wanted`: the attributes that `valuesOf` answers, in that order; rules that cannot touch them are dropped.
  AttributeRules(std::vector<std::string> wanted, bool ignoreCase);

  // Files in order of precedence, the lowest first: the machine's, then directories (each once), then info/attributes.
  enum class Place { kMachine, kDirectory, kInfo };
  void add(Place place, const std::string& directory, std::string_view bytes);
  void finish();  // after the last add

  bool empty() const { return empty_; }
  std::vector<AttributeValue> valuesOf(std::string_view path) const;

 private:
  struct Assignment {
    size_t attribute;
    AttributeValue value;
  };
  struct Rule {
    std::string pattern;    // of a macro: nothing
    size_t literal = 0;     // length of the pattern's start without wildcards
    bool nameOnly = false;  // without a slash: matched against the last component
    bool suffixOnly = false;
    std::vector<Assignment> assignments;
  };
  using Rules = std::vector<Rule>;
  using Values = std::vector<const AttributeValue*>;

  void parseLine(std::string_view line, bool macrosAllowed, Rules& rules);
  bool parseAssignments(std::string_view text, std::vector<Assignment>& assignments);
  size_t numberOf(std::string_view attribute);
  void dropUseless(Rules& rules, const std::vector<bool>& useful) const;
  bool matches(const Rule& rule, std::string_view path, std::string_view name) const;
  void fill(const Rules& rules, std::string_view path, std::string_view name, Values& values) const;
  void assign(const std::vector<Assignment>& assignments, Values& values) const;

  size_t wanted_;
  bool ignoreCase_;
  bool empty_ = true;
  std::unordered_map<std::string, size_t> numbers_;
  std::unordered_map<size_t, std::vector<Assignment>> macros_;  // the last definition counts
  std::vector<Rules> machine_;
  std::map<std::string, Rules, std::less<>> directories_;
  Rules info_;
};

}  // namespace coppice
