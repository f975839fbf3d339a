// What combos that ask several of their steps say of that: strategies fusion, pipeline and
// context-relay.
#pragma once

#include "source/config/mapping_reader.h"
#include "source/routing/combo.h"

namespace omni {

// `judge` and `prompt` of one target.
void read_stage(MappingReader& target, routing::Strategy strategy, routing::ComboStep& out);
// The settings of panels and handoffs; a handoff's model becomes the last step.
void read_stage_rules(MappingReader& config, routing::ComboConfig& out);
// Whether there are as many steps as there must be; settles who judges. The combo's rules have been
// read, and every target.
void check_stages(MappingReader& combo, routing::ComboConfig& out);

}  // namespace omni
