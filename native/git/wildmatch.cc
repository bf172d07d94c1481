// One pass with two points to return to: the last `*` and the last `**`. An earlier star never has to be tried again:
// what a later star of the same kind leaves over it can take itself.
#include "wildmatch.h"

#include <optional>

namespace coppice {

namespace {

constexpr size_t kNone = std::string_view::npos;

bool isUpper(unsigned char c) {
  return c >= 'A' && c <= 'Z';
}
bool isLower(unsigned char c) {
  return c >= 'a' && c <= 'z';
}
bool isDigit(unsigned char c) {
  return c >= '0' && c <= '9';
}
unsigned char toLower(unsigned char c) {
  return isUpper(c) ? c + ('a' - 'A') : c;
}
unsigned char toUpper(unsigned char c) {
  return isLower(c) ? c - ('a' - 'A') : c;
}
bool isSpace(unsigned char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool isPrintable(unsigned char c) {
  return c >= 0x20 && c <= 0x7e;
}
bool isAlphanumeric(unsigned char c) {
  return isUpper(c) || isLower(c) || isDigit(c);
}

// nullopt: no such class.
std::optional<bool> inNamedClass(std::string_view name, unsigned char c, bool foldCase) {
  if (name == "alnum") return isAlphanumeric(c);
  if (name == "alpha") return isUpper(c) || isLower(c);
  if (name == "blank") return c == ' ' || c == '\t';
  if (name == "cntrl") return c < 0x20 || c == 0x7f;
  if (name == "digit") return isDigit(c);
  if (name == "graph") return isPrintable(c) && c != ' ';
  if (name == "lower") return isLower(c);
  if (name == "print") return isPrintable(c);
  if (name == "punct") return isPrintable(c) && c != ' ' && !isAlphanumeric(c);
  if (name == "space") return isSpace(c);
  if (name == "upper") return isUpper(c) || (foldCase && isLower(c));
  if (name == "xdigit") return isDigit(c) || (toLower(c) >= 'a' && toLower(c) <= 'f');
  return std::nullopt;
}

// Reads the class that opens at `at` and moves `at` behind it. False also when the class has no end: then nothing
// matches. With case folding only ranges and [:upper:] fold, single characters do not: git's way.
bool matchesClass(std::string_view pattern, size_t& at, unsigned char c, bool foldCase) {
  size_t p = at + 1;
  const bool negated = p < pattern.size() && (pattern[p] == '!' || pattern[p] == '^');
  if (negated) p++;
  bool matched = false;
  unsigned char previous = 0;  // the start of a possible range; 0: there is none
  for (bool first = true;; first = false, p++) {
    if (p >= pattern.size()) return false;
    unsigned char current = pattern[p];
    if (current == ']' && !first) break;
    if (current == '\\') {
      if (++p >= pattern.size()) return false;
      current = pattern[p];
      matched |= c == current;
    } else if (current == '-' && previous != 0 && p + 1 < pattern.size() && pattern[p + 1] != ']') {
      current = pattern[++p];
      if (current == '\\') {
        if (++p >= pattern.size()) return false;
        current = pattern[p];
      }
      const unsigned char upper = foldCase ? toUpper(c) : c;
      matched |= (c >= previous && c <= current) || (upper >= previous && upper <= current);
      current = 0;
    } else if (current == '[' && p + 1 < pattern.size() && pattern[p + 1] == ':') {
      const size_t close = pattern.find(']', p + 2);
      if (close == kNone) return false;
      if (close < p + 3 || pattern[close - 1] != ':') {
        matched |= c == '[';
      } else {
        const auto inside = inNamedClass(pattern.substr(p + 2, close - p - 3), c, foldCase);
        if (!inside) return false;
        matched |= *inside;
        p = close;
        current = 0;
      }
    } else {
      matched |= c == current;
    }
    previous = current;
  }
  at = p + 1;
  return matched != negated && c != '/';
}

}  // namespace

bool wildmatch(std::string_view pattern, std::string_view text, bool foldCase) {
  size_t p = 0, t = 0;
  size_t starPattern = kNone, starText = 0;  // after the last `*`, and where its match ends so far
  size_t deepPattern = kNone, deepText = 0;  // after the last `**`, likewise

  // True when the single pattern element at p matches text[t]; moves both behind it.
  const auto step = [&]() {
    unsigned char wanted = pattern[p];
    const unsigned char c = foldCase ? toLower(text[t]) : text[t];
    if (wanted == '[') {
      if (!matchesClass(pattern, p, c, foldCase)) return false;
      t++;
      return true;
    }
    if (wanted == '?') {
      if (c == '/') return false;
    } else if (wanted == '\\') {
      if (++p >= pattern.size() || c != static_cast<unsigned char>(pattern[p])) return false;
    } else if (c != (foldCase ? toLower(wanted) : wanted)) {
      return false;
    }
    p++;
    t++;
    return true;
  };

  for (;;) {
    if (p < pattern.size() && pattern[p] == '*') {
      const size_t first = p;
      while (p < pattern.size() && pattern[p] == '*')
        p++;
      const std::string_view rest = pattern.substr(p);
      const bool deep = p - first > 1 && (first == 0 || pattern[first - 1] == '/') &&
                        (rest.empty() || rest[0] == '/' || rest.substr(0, 2) == "\\/");
      if (!deep) {
        if (rest.empty() && text.find('/', t) == kNone) return true;
        starPattern = p;
        starText = t;
        continue;
      }
      if (rest.empty()) return true;
      starPattern = kNone;
      deepPattern = p;
      deepText = t;
      if (rest[0] == '/')
        p++;  // "**/" may stand for no directory at all; if not, the return to deepText tries the others
      continue;
    }
    if (p == pattern.size() ? t == text.size() : t < text.size() && step()) {
      if (p == pattern.size() && t == text.size()) return true;
      continue;
    }
    if (starPattern != kNone && starText < text.size() && text[starText] != '/') {
      p = starPattern;
      t = ++starText;
    } else if (deepPattern != kNone && deepText < text.size()) {
      starPattern = kNone;
      p = deepPattern;
      t = deepText++;
    } else {
      return false;
    }
  }
}

size_t literalLength(std::string_view pattern) {
  const size_t special = pattern.find_first_of("*?[\\");
  return special == kNone ? pattern.size() : special;
}

bool equalFolded(std::string_view a, std::string_view b, bool foldCase) {
  if (a.size() != b.size()) return false;
  if (!foldCase) return a == b;
  for (size_t i = 0; i < a.size(); i++)
    if (toLower(a[i]) != toLower(b[i])) return false;
  return true;
}

}  // namespace coppice
