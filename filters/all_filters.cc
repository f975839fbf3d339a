#include "filters/all_filters.h"

#include "filters/auth/auth_filter.h"
#include "filters/limits/limits_filter.h"
#include "filters/responses/responses_filter.h"
#include "filters/routing/routing_filter.h"
#include "filters/translation/translation_filter.h"
#include "filters/upstream/upstream_filter.h"

namespace omni {

void register_all_filters(FilterRegistry& registry) {
  registry.add<filters::AuthFilter>();
  registry.add<filters::LimitsFilter>();
  registry.add<filters::ResponsesFilter>();
  registry.add<filters::TranslationFilter>();
  registry.add<filters::RoutingFilter>();
  registry.add<filters::UpstreamFilter>();
}

}  // namespace omni
