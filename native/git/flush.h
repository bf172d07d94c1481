// What other rooms need of the flush.
#pragma once

#include "session.h"

namespace coppice {

// A ref was moved to this commit by other means than a flush (the landing's compare-and-swap): packs that waited for it need no
// .keep any more. Without this call they keep it until the session closes, which is safe but keeps git from repacking them.
void markReached(Handle& handle, const Oid& commitOid);

}  // namespace coppice
