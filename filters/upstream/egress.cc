#include "filters/upstream/egress.h"

#include "api/snapshot.h"
#include "source/catalog/proxy_choice.h"
#include "source/routing/combo.h"

namespace omni::filters {

const Origin& egress_of(Exchange& exchange, const Target& target, Origin& room) {
  const Origin& origin = target.provider->base.origin;
  const GatewayKey* key = exchange.facts().principal.key;
  const routing::Combo* combo = exchange.facts().plan.combo;
  // What comes after the combo has been settled in `origin` when the snapshot was built.
  const ProxyChoice* choice =
      choose_proxy({.account = target.account != nullptr ? &target.account->proxy : nullptr,
                    .key = key != nullptr ? &key->proxy : nullptr,
                    .combo = combo != nullptr ? &combo->proxy : nullptr});
  if (choice == nullptr || (!choice->proxy && !origin.proxy)) return origin;
  room = origin;
  room.proxy = choice->proxy;
  room.seal();
  return room;
}

}  // namespace omni::filters
