#include "quarantine_list.h"

#include <unistd.h>

#include <cstdlib>

#include "nul_fields.h"
#include "safe_path.h"

namespace coppice {
namespace {

constexpr const char* kHeader = "coppice quarantine 1";
constexpr size_t kFieldsPerChange = 5;

std::string oidText(const std::optional<Oid>& oid) { return oid ? toHex(*oid) : ""; }

bool parseSide(const std::string& modeText, const std::string& oidText, uint32_t& mode, std::optional<Oid>& oid) {
  mode = static_cast<uint32_t>(std::strtoul(modeText.c_str(), nullptr, 8));
  if (oidText.empty()) return mode == 0;
  oid.emplace();
  return parseOid(oidText, *oid);
}

std::string octal(uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%o", mode);
  return text;
}

}  // namespace

std::string serializeQuarantineList(const std::string& root, const std::vector<Change>& changes) {
  std::string text;
  appendField(text, kHeader);
  appendField(text, root);
  for (const Change& change : changes) {
    appendField(text, change.path);
    appendField(text, octal(change.oldMode));
    appendField(text, oidText(change.oldOid));
    appendField(text, octal(change.newMode));
    appendField(text, oidText(change.newOid));
  }
  appendField(text, "end");
  return text;
}

std::optional<std::vector<Change>> parseQuarantineList(const std::string& text, const std::string& root) {
  const std::vector<std::string> fields = fieldsOf(text);
  if (fields.size() < 3 || fields[0] != kHeader || fields.back() != "end") return std::nullopt;
  // The worktree may have been moved with its git directory.
  if (fields[1] != root && access(fields[1].c_str(), F_OK) == 0) return std::nullopt;
  if ((fields.size() - 3) % kFieldsPerChange != 0) return std::nullopt;
  std::vector<Change> changes;
  for (size_t at = 2; at + 1 < fields.size(); at += kFieldsPerChange) {
    Change change;
    change.path = fields[at];
    if (!isSafePath(change.path) || !parseSide(fields[at + 1], fields[at + 2], change.oldMode, change.oldOid) ||
        !parseSide(fields[at + 3], fields[at + 4], change.newMode, change.newOid))
      return std::nullopt;
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace coppice
