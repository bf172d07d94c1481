// Puts rules and configuration together: where they are read from, and what they mean for one path.
#include "attributes.h"

#include <fcntl.h>
#include <strings.h>

#include <algorithm>

#include "failure.h"
#include "settings_cache.h"

namespace coppice {
namespace {

constexpr const char* kOperation = "attributes";
constexpr size_t kMaxRuleFileBytes = 100u << 20;  // git's own limit

const std::vector<std::string> kWanted = {"text", "crlf", "eol", "ident", "filter", "working-tree-encoding"};
enum Wanted { kText, kCrlf, kEol, kIdent, kFilter, kEncoding };

std::string directoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::optional<std::string> readRuleBlob(Handle& handle, const Oid& oid, uint32_t mode) {
  if (mode != kModeFile && mode != kModeExecutable) return std::nullopt;  // git does not follow a link here either
  return *handle.read(oid, GIT_OBJECT_BLOB).data;
}

std::optional<std::string> readRuleFile(const RootDirectory& root, const std::string& path) {
  const OwnedFd file = root.openFile(path, O_RDONLY);
  struct stat status;
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  if (static_cast<uint64_t>(status.st_size) > kMaxRuleFileBytes) return std::nullopt;
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < bytes.size(); size += static_cast<size_t>(std::max<ssize_t>(got, 0)))
    got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
  bytes.resize(size);
  return bytes;
}

// git_path_check_crlf: the value of `text`, or of its older name.
std::optional<Conversion::LineEnds> textValue(const AttributeValue& value, bool crlf) {
  using LineEnds = Conversion::LineEnds;
  if (value.isTrue()) return crlf ? LineEnds::kCrlf : LineEnds::kLf;
  if (value.isFalse()) return LineEnds::kAsTheyAre;
  if (value.is("input")) return LineEnds::kLf;
  if (value.is("auto")) return crlf ? LineEnds::kAutoCrlf : LineEnds::kAutoLf;
  return std::nullopt;
}

Conversion::LineEnds lineEndsOf(const std::vector<AttributeValue>& values, const ConversionSettings& settings) {
  using AutoCrlf = ConversionSettings::AutoCrlf;
  using LineEnds = Conversion::LineEnds;
  const bool crlf = settings.autoCrlf == AutoCrlf::kOn || (settings.autoCrlf == AutoCrlf::kOff && settings.nativeCrlf);
  std::optional<LineEnds> lineEnds = textValue(values[kText], crlf);
  if (!lineEnds) lineEnds = textValue(values[kCrlf], crlf);
  if (lineEnds == LineEnds::kAsTheyAre) return LineEnds::kAsTheyAre;
  const bool isAuto = lineEnds == LineEnds::kAutoLf || lineEnds == LineEnds::kAutoCrlf;
  if (values[kEol].is("lf")) return isAuto ? LineEnds::kAutoLf : LineEnds::kLf;
  if (values[kEol].is("crlf")) return isAuto ? LineEnds::kAutoCrlf : LineEnds::kCrlf;
  if (lineEnds) return *lineEnds;
  if (settings.autoCrlf == AutoCrlf::kOn) return LineEnds::kAutoCrlf;
  return settings.autoCrlf == AutoCrlf::kInput ? LineEnds::kAutoLf : LineEnds::kAsTheyAre;
}

bool isUtf8(const std::string& encoding) {
  return strcasecmp(encoding.c_str(), "UTF-8") == 0 || strcasecmp(encoding.c_str(), "UTF8") == 0;
}

}  // namespace

Attributes::Attributes(Session& session, const std::string& gitDirectory)
    : settings_(fileSettings(session, gitDirectory)->conversion), rules_(kWanted, settings_.ignoreCase) {
  for (const std::string& path : settings_.ruleFiles) {
    const std::optional<std::string> bytes = readSmallFile(path, kMaxRuleFileBytes);
    if (bytes) rules_.add(AttributeRules::Place::kMachine, "", *bytes);
  }
  const std::optional<std::string> info =
      readSmallFile(session.commonDirectory() + "/info/attributes", kMaxRuleFileBytes);
  if (info) rules_.add(AttributeRules::Place::kInfo, "", *info);
}

void Attributes::finish() {
  rules_.finish();
  any_ = !rules_.empty() || settings_.autoCrlf != ConversionSettings::AutoCrlf::kOff;
}

Attributes Attributes::ofTree(Session& session, const std::string& gitDirectory, const std::vector<TreeFile>& files) {
  Attributes attributes(session, gitDirectory);
  std::optional<HandleLease> handle;
  for (const TreeFile& file : files) {
    if (!isRuleFile(file.path)) continue;
    if (!handle) handle.emplace(session.handle());
    const std::optional<std::string> bytes = readRuleBlob(**handle, file.oid, file.mode);
    if (bytes) attributes.rules_.add(AttributeRules::Place::kDirectory, directoryOf(file.path), *bytes);
  }
  attributes.finish();
  return attributes;
}

Attributes Attributes::ofWorktree(Session& session, const std::string& gitDirectory, const RootDirectory& root,
                                  const IndexFile& index, const std::vector<std::string>& newRuleFiles) {
  Attributes attributes(session, gitDirectory);
  const auto add = [&](const std::string& path, const std::optional<std::string>& bytes) {
    if (bytes) attributes.rules_.add(AttributeRules::Place::kDirectory, directoryOf(path), *bytes);
  };
  std::optional<HandleLease> handle;
  for (const IndexEntry& entry : index.entries) {
    if (!isRuleFile(entry.path)) continue;
    std::optional<std::string> bytes = readRuleFile(root, entry.path);
    if (!bytes && entry.stage == 0) {
      if (!handle) handle.emplace(session.handle());
      bytes = readRuleBlob(**handle, entry.oid, entry.mode);
    }
    add(entry.path, bytes);
  }
  for (const std::string& path : newRuleFiles)
    add(path, readRuleFile(root, path));
  attributes.finish();
  return attributes;
}

Conversion Attributes::of(const std::string& path) const {
  Conversion conversion;
  if (!any_) return conversion;
  const std::vector<AttributeValue> values = rules_.valuesOf(path);
  conversion.lineEnds = lineEndsOf(values, settings_);
  conversion.ident = values[kIdent].isTrue();
  const AttributeValue& encoding = values[kEncoding];
  conversion.encoding =
      encoding.isTrue() || encoding.isFalse() ||
      (encoding.kind == AttributeValue::Kind::kText && !encoding.text.empty() && !isUtf8(encoding.text));
  const auto filter = settings_.filters.find(values[kFilter].text);
  if (values[kFilter].kind == AttributeValue::Kind::kText && filter != settings_.filters.end()) {
    conversion.filter = filter->first;
    conversion.filterToWorktree = filter->second.smudge || filter->second.required;
    conversion.filterToObject = filter->second.clean || filter->second.required;
  }
  return conversion;
}

Attributes::Converted Attributes::toWorktree(const std::string& path, const Oid& blobOid,
                                             std::string_view bytes) const {
  Converted converted;
  if (!any_) return converted;
  const Conversion conversion = of(path);
  converted.unsupported = conversion.unsupportedToWorktree();
  if (converted.unsupported != nullptr) return converted;
  if (conversion.ident) converted.bytes = expandIdent(bytes, blobOid);
  std::optional<std::string> lines =
      lineEndsToWorktree(conversion.lineEnds, converted.bytes ? *converted.bytes : bytes);
  if (lines) converted.bytes = std::move(lines);
  return converted;
}

Attributes::Converted Attributes::toObject(const std::string& path, std::string_view bytes,
                                           const Indexed& indexed) const {
  using LineEnds = Conversion::LineEnds;
  Converted converted;
  if (!any_) return converted;
  const Conversion conversion = of(path);
  converted.unsupported = conversion.unsupportedToObject();
  if (converted.unsupported != nullptr) return converted;
  bool indexedHasCrlf = false;
  const bool isAuto = conversion.lineEnds == LineEnds::kAutoLf || conversion.lineEnds == LineEnds::kAutoCrlf;
  if (isAuto && bytes.find('\r') != std::string_view::npos) {
    const std::shared_ptr<const std::string> old = indexed();
    indexedHasCrlf = old && isTextWithCrlf(*old);
  }
  converted.bytes = lineEndsToObject(conversion.lineEnds, bytes, indexedHasCrlf);
  if (!conversion.ident) return converted;
  std::optional<std::string> collapsed = collapseIdent(converted.bytes ? *converted.bytes : bytes);
  if (collapsed) converted.bytes = std::move(collapsed);
  return converted;
}

}  // namespace coppice
