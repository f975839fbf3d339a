// providers: where requests can go. Accounts and models are in section_accounts.cc.
#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/status.h"
#include "source/base/strings.h"
#include "source/config/not_built.h"
#include "source/config/section.h"

namespace omni {
namespace {

constexpr std::array<std::pair<std::string_view, AuthStyle>, 5> kAuthStyles = {{
    {"bearer", AuthStyle::kBearer},
    {"x-api-key", AuthStyle::kXApiKey},
    {"x-goog-api-key", AuthStyle::kXGoogApiKey},
    {"api-key", AuthStyle::kApiKey},
    {"none", AuthStyle::kNone},
}};

// Prefixes that mean something else in a model name.
constexpr std::array<std::string_view, 2> kReservedIds = {"combo", "auto"};

// A prefix of model names: it stands before a slash and in metrics and paths.
std::string check_id(std::string_view id) {
  constexpr size_t kLongest = 64;
  if (id.empty() || id.size() > kLongest)
    return fmt::format("must have 1 to {} characters", kLongest);
  for (const char c : id) {
    const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    if (!is_fine) return "may hold letters, digits, '-', '_' and '.' only";
  }
  if (id[0] == '.' || id[0] == '-') return "must begin with a letter or digit";
  for (const std::string_view reserved : kReservedIds)
    if (id == reserved) return fmt::format("'{}' is reserved", id);
  return {};
}

class ProviderReader {
 public:
  ProviderReader(const MappingReader::Item& item, SectionContext& context)
      : reader_(*item.value, item.path, context.errors), context_(context) {}

  Provider read(StringSet& prefixes) {
    read_prefix("id", reader_.required_text("id"), out_.id, prefixes);
    read_prefix("alias", reader_.text("alias"), out_.alias, prefixes);
    read_type();
    if (type_ != nullptr && type_->name == "demo") {
      out_.is_demo = true;
      read_models(reader_, context_, type_, out_);
      out_.only_models = true;  // It knows its models; a mistyped name is not a new one.
      reader_.done();
      return std::move(out_);
    }
    read_dialect();
    read_base_url();
    read_auth();
    out_.usage_in_streams =
        reader_.boolean("usage_in_streams").value_or(type_ != nullptr && type_->usage_in_streams);
    read_accounts(reader_, context_, type_, out_);
    read_spread(reader_, out_);
    read_models(reader_, context_, type_, out_);
    reader_.done();
    return std::move(out_);
  }

 private:
  void read_prefix(std::string_view key, std::optional<std::string> text, std::string& into,
                   StringSet& prefixes) {
    if (!text) return;
    into = *std::move(text);
    const std::string wrong = check_id(into);
    if (!wrong.empty())
      reader_.fail(key, wrong);
    else if (!prefixes.insert(into).second)
      reader_.fail(key, fmt::format("another provider has the id or alias '{}'", into));
  }

  void read_type() {
    const std::optional<std::string> name = reader_.text("type");
    if (!name) return;
    out_.type = *name;
    type_ = find_provider_type(*name);
    if (type_ == nullptr)
      reader_.fail("type", fmt::format("unknown provider type '{}'{}", *name,
                                       suggestion(*name, provider_type_names())));
  }

  bool has_custom_type() { return !reader_.has("type"); }

  void read_dialect() {
    if (type_ != nullptr) {
      out_.dialect = type_->dialect;
      out_.auth = type_->auth;
    }
    const std::optional<std::string> name = reader_.text("dialect");
    if (!name) {
      if (has_custom_type() && !reader_.has("dialect"))
        reader_.missing("dialect", "a provider without a type needs a dialect");
      return;
    }
    const std::optional<Dialect> dialect = dialect_from(*name);
    if (!dialect) {
      reader_.fail("dialect", fmt::format("unknown dialect '{}'{}", *name,
                                          suggestion(*name, {"openai", "openai-responses",
                                                             "anthropic", "gemini", "ollama"})));
      return;
    }
    out_.dialect = *dialect;
  }

  void read_base_url() {
    const std::optional<std::string> written = reader_.text("base_url");
    if (!written && has_custom_type() && !reader_.has("base_url"))
      reader_.missing("base_url", "a provider without a type needs a base_url");
    const bool allow_private = reader_.boolean("allow_private_network").value_or(false);
    const bool http2 = reader_.boolean("http2").value_or(false);
    const std::string ca_file = reader_.text("ca_file").value_or("");
    const ProxyChoice proxy = read_proxy(reader_, context_);
    if (written)
      out_.base_url = *written;
    else if (type_ != nullptr)
      out_.base_url = std::string(type_->base_url);
    else
      return;
    absl::StatusOr<BaseUrl> parsed = parse_base_url(out_.base_url);
    if (!parsed.ok()) {
      reader_.fail("base_url", message(parsed.status()));
      return;
    }
    out_.base = *std::move(parsed);
    Origin& origin = out_.base.origin;
    // A literal in the file is meant; so is the loopback address of a catalogue entry.
    origin.allow_private = allow_private || is_private_literal(origin.host);
    origin.http2_prior_knowledge = http2;
    if (http2 && origin.tls) reader_.fail("http2", "is for http:// only; with https ALPN decides");
    origin.ca_file = ca_file;
    if (!ca_file.empty() && !origin.tls) reader_.fail("ca_file", "is for https:// only");
    check_pem_file(reader_, "ca_file", ca_file, "-----BEGIN CERTIFICATE-----", context_);
    choose_proxy_for(origin, proxy);
    origin.seal();
  }

  // As far as it can be told without the request. What accounts and keys say is looked at then.
  void choose_proxy_for(Origin& origin, const ProxyChoice& own) const {
    const SettingsConfig& settings = context_.config.settings;
    const ProxyChoice environment = settings.environment_proxies.choose(origin);
    const ProxyChoice* choice =
        choose_proxy({.provider = &own, .global = &settings.proxy, .environment = &environment});
    if (choice != nullptr) origin.proxy = choice->proxy;
  }

  void read_auth() {
    const std::optional<std::string> name = reader_.text("auth");
    if (!name) return;
    std::vector<std::string> names;
    for (const auto& [known, style] : kAuthStyles) {
      if (known == *name) {
        out_.auth = style;
        return;
      }
      names.emplace_back(known);
    }
    reader_.fail("auth", fmt::format("expected one of {}, found '{}'{}", fmt::join(names, ", "),
                                     *name, suggestion(*name, names)));
  }

  MappingReader reader_;
  SectionContext& context_;
  const ProviderType* type_ = nullptr;
  Provider out_;
};

}  // namespace

void read_providers(MappingReader& root, SectionContext& context) {
  StringSet prefixes;
  for (const MappingReader::Item& item : root.items("providers"))
    context.config.providers.push_back(ProviderReader(item, context).read(prefixes));
}

}  // namespace omni
