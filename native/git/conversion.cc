#include "conversion.h"

#include <algorithm>
#include <tuple>

namespace coppice {
namespace {

using LineEnds = Conversion::LineEnds;

struct Counts {
  size_t nul = 0, loneCr = 0, loneLf = 0, crlf = 0, printable = 0, other = 0;

  bool looksBinary() const { return loneCr > 0 || nul > 0 || (printable >> 7) < other; }
};

Counts count(std::string_view bytes) {
  Counts counts;
  for (size_t i = 0; i < bytes.size(); i++) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == '\r') {
      const bool pair = i + 1 < bytes.size() && bytes[i + 1] == '\n';
      pair ? counts.crlf++ : counts.loneCr++;
      i += pair;
    } else if (c == '\n') {
      counts.loneLf++;
    } else if (c >= 32 && c != 127) {
      counts.printable++;
    } else if (c == '\b' || c == '\t' || c == '\033' || c == '\014') {
      counts.printable++;
    } else {
      counts.nul += c == 0;
      counts.other++;
    }
  }
  if (!bytes.empty() && bytes.back() == '\032') counts.other--;  // the end-of-file sign of DOS
  return counts;
}

bool isAuto(LineEnds lineEnds) {
  return lineEnds == LineEnds::kAutoLf || lineEnds == LineEnds::kAutoCrlf;
}

bool holdsNewline(std::string_view bytes, size_t start, size_t end) {
  return bytes.substr(start, end - start).find('\n') != std::string_view::npos;
}

}  // namespace

bool operator==(const Conversion& a, const Conversion& b) {
  const auto fields = [](const Conversion& c) {
    return std::tie(c.lineEnds, c.ident, c.encoding, c.filter, c.filterToWorktree, c.filterToObject);
  };
  return fields(a) == fields(b);
}

bool isTextWithCrlf(std::string_view bytes) {
  if (bytes.find('\r') == std::string_view::npos) return false;
  const Counts counts = count(bytes);
  return counts.crlf > 0 && !counts.looksBinary();
}

std::optional<std::string> lineEndsToWorktree(LineEnds lineEnds, std::string_view bytes) {
  if (lineEnds != LineEnds::kCrlf && lineEnds != LineEnds::kAutoCrlf) return std::nullopt;
  const Counts counts = count(bytes);
  if (counts.loneLf == 0) return std::nullopt;
  if (isAuto(lineEnds) && (counts.loneCr > 0 || counts.crlf > 0 || counts.looksBinary())) return std::nullopt;
  std::string converted;
  converted.reserve(bytes.size() + counts.loneLf);
  for (size_t i = 0; i < bytes.size(); i++) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) converted.push_back('\r');
    converted.push_back(bytes[i]);
  }
  return converted;
}

std::optional<std::string> lineEndsToObject(LineEnds lineEnds, std::string_view bytes, bool indexedHasCrlf) {
  if (lineEnds == LineEnds::kAsTheyAre) return std::nullopt;
  const Counts counts = count(bytes);
  if (counts.crlf == 0 || (isAuto(lineEnds) && (counts.looksBinary() || indexedHasCrlf))) return std::nullopt;
  std::string converted;
  converted.reserve(bytes.size() - counts.crlf);
  for (size_t i = 0; i < bytes.size(); i++) {
    if (bytes[i] != '\r' || i + 1 == bytes.size() || bytes[i + 1] != '\n') converted.push_back(bytes[i]);
  }
  return converted;
}

// "$Id$", and "$Id: anything $" in one line, unless spaces show that another system wrote it.
std::optional<std::string> expandIdent(std::string_view bytes, const Oid& blobOid) {
  std::string expanded;
  bool changed = false;
  size_t at = 0;
  for (;;) {
    const size_t dollar = bytes.find('$', at);
    if (dollar == std::string_view::npos) break;
    expanded.append(bytes, at, dollar + 1 - at);
    at = dollar + 1;
    if (bytes.size() - at < 3 || bytes.compare(at, 2, "Id") != 0) continue;
    if (bytes[at + 2] == '$') {
      at += 3;
    } else if (bytes[at + 2] == ':') {
      const size_t end = bytes.find('$', at + 3);
      if (end == std::string_view::npos) break;
      if (holdsNewline(bytes, at + 3, end)) continue;
      const size_t space = bytes.find(' ', at + 4);
      if (space < end - 1) continue;
      at = end + 1;
    } else {
      continue;
    }
    expanded += "Id: " + toHex(blobOid) + " $";
    changed = true;
  }
  if (!changed) return std::nullopt;
  expanded.append(bytes, at, std::string_view::npos);
  return expanded;
}

std::optional<std::string> collapseIdent(std::string_view bytes) {
  std::string collapsed;
  bool changed = false;
  size_t at = 0;
  for (;;) {
    const size_t dollar = bytes.find('$', at);
    if (dollar == std::string_view::npos) break;
    collapsed.append(bytes, at, dollar + 1 - at);
    at = dollar + 1;
    if (bytes.size() - at <= 3 || bytes.compare(at, 3, "Id:") != 0) continue;
    const size_t end = bytes.find('$', at + 3);
    if (end == std::string_view::npos) break;
    if (holdsNewline(bytes, at + 3, end)) continue;
    collapsed += "Id$";
    at = end + 1;
    changed = true;
  }
  if (!changed) return std::nullopt;
  collapsed.append(bytes, at, std::string_view::npos);
  return collapsed;
}

}  // namespace coppice
