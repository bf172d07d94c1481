// Step 8 of landing: the index that follows the files. Entries of changed paths are replaced, with the stat of their file where
// that file is exactly the new side, and without one where it is not: then git compares the content and shows the user's
// version as modified, which is the truth.
//
// Git trusts an entry whose file is older than the index. So the new index is dated at the moment at which we began to look at
// files: whatever is written after that look is newer than the index and git looks for itself. And entries that git could not
// trust by the old index's date, to the second, are compared now, because by the new date it would trust them.
#pragma once

#include <time.h>

#include <vector>

#include "index_file.h"
#include "landing_site.h"
#include "session.h"

namespace coppice {

// The bytes of the index after `changes`. An entry that is neither the old nor the new side of its change is the user's and
// stays. Not cancellable: the commit point has passed.
PageString updatedIndex(Session& session, const LandingSite& site, const IndexFile& index, const std::vector<Change>& changes);

}  // namespace coppice
