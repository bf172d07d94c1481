// es-git: libgit2 in Rust. Its prebuilt addon asks for glibc 2.38; where it does not load, that is the result.
import { fromPeers } from "../peer-packages.js";
import type { Peer } from "../trial.js";

export const esGit: Peer = {
  async fanOut() {
    load();
    throw new Error("es-git loads here, but the bench has not been taught to measure it");
  },
};

/** Throws what the loader of the system said, which es-git hides among the platforms that it tried. */
function load(): unknown {
  try {
    return fromPeers("es-git");
  } catch (error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      if ((cause as NodeJS.ErrnoException).code === "ERR_DLOPEN_FAILED")
        throw new Error(`does not load: ${/[^/]*$/.exec(cause.message)?.[0]}`);
    throw error;
  }
}
