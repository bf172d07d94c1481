// The open landings of a session and what they hold.
#pragma once

namespace coppice {

class Landings {};

}  // namespace coppice
