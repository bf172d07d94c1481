// The flush, in the order of PROTOCOLS P1: .keep, pack and index written and synced, pack, index, directory; then the refs;
// then the .keep goes. At every instant each object is in the store, or on disk and guarded by a .keep or a ref.
#include "flush.h"

#include <chrono>

#include "durable_directory.h"
#include "failpoint.h"
#include "failure.h"
#include "flush_selection.h"
#include "operations.h"
#include "pack_writer.h"
#include "ref.h"
#include "session_packs.h"

namespace coppice {

namespace {

constexpr const char* kOperation = "flush";

// Everything that can be refused is refused before anything is written.
std::vector<Oid> checkUpdates(Handle& handle, const std::vector<RefUpdate>& updates) {
  std::vector<Oid> newOids;
  for (const RefUpdate& update : updates) {
    requireRefName(update.refName, kOperation);
    if (update.refName == "HEAD") fail(failure_code::kInvalid, kOperation, "HEAD is not moved by a flush", update.refName);
    if (!update.newOid) continue;
    if (git_odb_exists(handle.odb(), &*update.newOid) != 1) {
      fail(failure_code::kNotFound, kOperation, "object " + toHex(*update.newOid) + " is not in the repository", update.refName);
    }
    newOids.push_back(*update.newOid);
  }
  return newOids;
}

void writePack(Session& session, FlushSelection selection, const Cancel& cancel, FlushReply& reply) {
  if (selection.objects.size() > UINT32_MAX) fail(failure_code::kLimit, kOperation, "too many objects for one pack");
  const std::string packDirectory = session.packs().directory();
  makeParentsDurably(packDirectory + "/x");
  PackInMaking making(session.packs());
  failpoint("flush.keep-made");
  PackWriter writer(packDirectory, making.name(), static_cast<uint32_t>(selection.objects.size()));
  for (const auto& [oid, object] : selection.objects) {
    cancel.check(kOperation);
    writer.add(oid, object, cancel);
  }
  writer.finish();
  failpoint("flush.written");
  writer.publish();
  session.packs().add({making.name(), writer.bytes(), true, std::move(selection.roots), selection.everything});
  making.accept();
  failpoint("flush.published");
  session.store().drop(selection.objects, selection.everything);
  reply.packName = making.name();
  reply.objects = static_cast<uint32_t>(selection.objects.size());
  reply.bytes = writer.bytes();
}

Person reflogPerson(Handle& handle) {
  OwnedSignature signature;
  Person person{"coppice", "coppice@localhost", 0, 0};
  if (git_signature_default(out(signature), handle.repository()) == 0) {
    person = {signature->name, signature->email, signature->when.time, signature->when.offset};
  } else {
    person.timeSeconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
  return person;
}

// False: a lost race.
bool apply(Handle& handle, const RefUpdate& update, const Deadline& deadline, const Cancel& cancel) {
  const std::string& common = handle.session().commonDirectory();
  const RefPlace place{common, common};
  LockedRef ref = LockedRef::take(place, update.refName, deadline, cancel);
  if (ref.value().symbolicTarget) {
    fail(failure_code::kInvalid, kOperation, "a symbolic ref is in the place of a ref that is moved", update.refName);
  }
  const std::optional<Oid> now = ref.value().oid;
  if (update.compare && (now.has_value() != update.expectedOid.has_value() || (now && *now != *update.expectedOid))) return false;
  if (!update.newOid) {
    std::move(ref).remove(deadline, cancel);
    return true;
  }
  if (now && *now == *update.newOid) return true;
  if (update.reflog) {
    appendReflog(place, update.refName, now.value_or(Oid{}), *update.newOid, reflogPerson(handle), *update.reflog);
  }
  std::move(ref).set(*update.newOid);
  return true;
}

}  // namespace

FlushReply flush(Session& session, const FlushRequest& request, const Cancel& cancel) {
  const auto turn = session.packs().turnToFlush(cancel);
  const HandleLease handle = session.handle();
  const std::vector<Oid> newOids = checkUpdates(*handle, request.refs);
  FlushReply reply;
  // Without refs the caller wants an object on disk that no ref will reach (a merge for its own sake).
  FlushSelection selection = selectObjects(session.store(), newOids, request.refs.empty(), cancel);
  if (!selection.objects.empty()) writePack(session, std::move(selection), cancel, reply);
  const Deadline deadline(session.lockTimeoutMs());
  for (const RefUpdate& update : request.refs) {
    if (!apply(*handle, update, deadline, cancel)) {
      reply.lostRef = update.refName;
      break;
    }
    failpoint("flush.ref-moved");
    if (update.newOid) markReached(*handle, *update.newOid);
    failpoint("flush.keep-gone");
  }
  reply.packs = session.packs().count();
  return reply;
}

void markReached(Handle& handle, const Oid& commitOid) { handle.session().packs().reached(handle, commitOid); }

}  // namespace coppice
