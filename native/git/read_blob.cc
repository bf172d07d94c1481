// The bytes of one blob, from the store or the object database.
#include "operations.h"

namespace coppice {

BlobReply readBlob(Session& session, const ReadBlobRequest& request, const Cancel&) {
  const HandleLease handle = session.handle();
  const Handle::Read read = handle->read(request.oid, GIT_OBJECT_BLOB);
  if (request.maxBytes > 0 && read.data->size() > request.maxBytes)
    fail(failure_code::kLimit, "readBlob", "the object is larger than " + std::to_string(request.maxBytes) + " bytes");
  return {*read.data};
}

}  // namespace coppice
