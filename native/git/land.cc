// The operations of landing: each finds its landing and does one step.
#include "landing.h"
#include "operations.h"

namespace coppice {

BeginLandingReply beginLanding(Session& session, const BeginLandingRequest& request, const Cancel& cancel) {
  std::unique_ptr<Landing> landing = Landing::begin(session, request, cancel);
  BeginLandingReply reply = landing->describe();
  reply.landingId = session.landings().keep(std::move(landing));
  return reply;
}

CheckPathsReply checkPaths(Session& session, const CheckPathsRequest& request, const Cancel& cancel) {
  return session.landings().use(request.landingId, "land.checkPaths")->checkPaths(request.changes, cancel);
}

MoveTargetReply moveTarget(Session& session, const MoveTargetRequest& request, const Cancel& cancel) {
  return session.landings().use(request.landingId, "land.moveTarget")->moveTarget(request, cancel);
}

UpdatePathsReply updatePaths(Session& session, const UpdatePathsRequest& request, const Cancel& cancel) {
  return session.landings().use(request.landingId, "land.updatePaths")->updatePaths(request.changes, cancel);
}

Done endLanding(Session& session, const EndLandingRequest& request, const Cancel&) {
  // Not cancellable: letting go is what a caller that gives up wants, and a new index must not be left half way.
  if (std::unique_ptr<Landing> landing = session.landings().takeOut(request.landingId)) std::move(*landing).end(request.writeIndex);
  return {};
}

}  // namespace coppice
