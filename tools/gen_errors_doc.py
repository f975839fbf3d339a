#!/usr/bin/env python3
"""Writes docs/errors.md: every error code that a client or the log can see.

    tools/gen_errors_doc.py            writes the page
    tools/gen_errors_doc.py --check    says whether the page is what the sources say

The codes and, where it stands beside them, the status come from the sources; what they mean stands
in MEANINGS below. Fails when a code has no meaning or a meaning has no code.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("source/http", "source/server", "source/admin", "filters", "source/llm/call.cc",
          "source/catalog/names.h", "source/catalog/names.cc")
# One row per status: {status, type, code, message}, for answers that say no more than a status.
DEFAULTS = "source/llm/openai/error.cc"

# Upper case where OmniRoute's clients know a code as that.
WORD = r'"([a-z][a-z0-9_]+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)"'
FORMS = [
    # .status = 503, .code = "overloaded"; the code alone; and code = "bad_path".
    re.compile(r"\.status = (?P<status>\d{3}),\s*\.code = " + WORD),
    re.compile(r"\bcode\s*=\s*(?:std::string\()?" + WORD),
    # refuse(401, "x", ...), fail(502, "x", ...), admin_error(404, "x", ...).
    re.compile(r"\b(?:refuse|fail|(?:admin_)?error)\(\s*(?P<status>\d{3}),\s*" + WORD),
    # fail("x", ...) of a filter whose failures share a status.
    re.compile(r"\bfail\(\s*" + WORD + r"\s*,"),
    # {502, "x"} of a table, CallError{400, "x", ...}.
    re.compile(r"\{(?P<status>\d{3}),\s*" + WORD),
    # case 431: return "x";
    re.compile(r"case (?P<status>\d{3}):\s*return " + WORD),
    # What stands in for a provider's own code.
    re.compile(r"code\.empty\(\)\s*\?\s*" + WORD),
]
DEFAULT_ROW = re.compile(r'\{(\d{3}), "\w+", "(\w+)",')

REQUEST, MANAGE, MODEL, PROVIDER, GATEWAY, WIRE, STAND_IN = range(7)
HEADINGS = ["The key and the request", "Management", "The model", "The provider", "The gateway",
            "Refused before it is a request", "Where a provider names no code"]

# code: (heading, meaning and what to do). A status is written here only where no source shows it.
MEANINGS = {
    "bad_path": (REQUEST, "The path is not in canonical form: dot segments, `//`, a backslash, a "
                          "control character or percent-encoding of a character that stands for "
                          "itself."),
    "bad_request": (REQUEST, "The body is not JSON (the message says at which byte), or a field is missing, given twice or of the "
                             "wrong type; `param` names it. Before there is a request: broken "
                             "HTTP, see below."),
    "invalid_api_key": (REQUEST, "A key is required and none, or an unknown one, was presented. "
                                 "Also what a provider's 401 without a code becomes: then the "
                                 "account's key is wrong, not the client's."),
    "key_disabled": (REQUEST, "The gateway key is known and disabled."),
    "key_banned": (REQUEST, "The gateway key is known and banned."),
    "key_expired": (REQUEST, "The gateway key's time has run out."),
    "client_address_refused": (REQUEST, "`settings.ip_filter` does not let the client's address "
                                        "in."),
    "key_outside_hours": (REQUEST, "The gateway key has a `schedule`, and it is not the hour."),
    "budget_exceeded": (REQUEST, "The key's [budget](keys_and_limits.md#budgets) is spent; "
                                 "`retry-after` is the end of its period. In a stream: it was "
                                 "spent while the stream ran, and this is its last event."),
    "session_limit_exceeded": (REQUEST, "The key has `max_sessions` conversations going on, and this "
                                        "is another."),
    "not_found": (REQUEST, "Nothing is served at this path, or no route of the listener takes it."),
    "method_not_allowed": (REQUEST, "The path exists; the `allow` header names the methods. "
                                    "CONNECT is served nowhere."),
    "request_too_large": (REQUEST, "The body is larger than the listener's `limits.body_bytes`."),
    "unsupported_content_encoding": (REQUEST, "The body is compressed (`content-encoding`), which "
                                              "no request may be: send it as it is."),
    "client_left": (REQUEST, "Only in `attempts` and receipts: the client went away before the attempt was over."),
    "request_timeout": (REQUEST, "No piece of the body came for `limits.body_timeout`, or the head took longer than `limits.header_timeout`."),
    "model_not_found": (MODEL, "No provider, alias or list knows the model; the message suggests "
                               "up to three names. 404 where the provider says `only_models`, and "
                               "for `GET /v1/models/{id}`; else 400."),
    "not_offered": (REQUEST, "A vendor's endpoint that has no counterpart here; the message says what there is."),
    "response_not_found": (REQUEST, "No response of this key has the id, or it has expired, or the "
                                    "provider that keeps it is not configured any more."),
    "previous_response_not_found": (REQUEST, "`previous_response_id` names no response of this key, "
                                             "or one whose beginning is not kept here and whose "
                                             "provider is not the one that is asked now."),
    "previous_response_not_finished": (REQUEST, "`previous_response_id` names a response that is "
                                                "still being made in the background."),
    "previous_response_too_long": (REQUEST, "What the previous response continues is more than "
                                            "32 MiB."),
    "response_not_cancellable": (REQUEST, "Only what is made in the background can be cancelled."),
    "response_not_streamable": (REQUEST, "Only what is made in the background can be read as a "
                                         "stream."),
    "response_ended": (REQUEST, "The response that was followed was cancelled or deleted, or the "
                                "gateway stopped. Comes as the last event of the stream."),
    "responses_unavailable": (GATEWAY, "The store cannot read or keep responses; the message says "
                                       "why."),
    "too_many_background_responses": (GATEWAY, "A worker makes 1024 responses in the background at "
                                               "once."),
    "unknown_provider": (MODEL, "The path names a provider (`/v1/providers/{provider}/...`) that is not configured."),
    "no_connected_providers": (MODEL, "An `auto` model for which no provider is connected: no account "
                                      "has a key, or none is free or local where the name asks "
                                      "for that."),
    "invalid_header": (REQUEST, "An `X-OmniRoute-...` header says what it cannot; `param` names it. "
                                "docs/routing.md"),
    "request_over_budget": (MODEL, "`X-OmniRoute-Budget-Fallback: strict`, and no target is "
                                   "estimated to answer for `X-OmniRoute-Budget` or less."),
    "ambiguous_model": (MODEL, "Several providers list the bare name: write `provider/model`."),
    "model_not_allowed": (MODEL, "The key's `allowed_models` do not name it."),
    "no_embeddings": (MODEL, "The model's provider has no embeddings: it speaks Anthropic's dialect, or is the demo."),
    "no_credentials": (MODEL, "The provider needs a key and has no account with one. An account "
                              "whose `${NAME:-}` is empty is left out."),
    "connection_not_allowed": (MODEL, "The key may use none of the provider's accounts."),
    "credits_exhausted": (PROVIDER, "Every account is out of credits. They are asked again after an "
                                    "hour, or after `POST /api/resilience/reset`."),
    "model_cooldown": (PROVIDER, "Every account asked to wait; `Retry-After` says how long the first "
                                 "of them does. docs/routing.md"),
    "provider_circuit_open": (PROVIDER, "The provider failed too often; one request at a time finds "
                                        "out when it works again. docs/routing.md"),
    "no_target_available": (PROVIDER, "Nothing that the request may be sent to can be used now."),
    "ALL_ACCOUNTS_INACTIVE": (PROVIDER, "No target of the combo can be used now; the message names "
                                        "what stands in the way of each."),
    "RATE_LIMIT_QUEUE_FULL": (PROVIDER, "`resilience.request_queue`: the request would have to stand in line longer than `max_wait`."),
    "COMBO_TIMEOUT": (PROVIDER, "The combo's `timeout` was over before a target answered."),
    "fusion_panel_failed": (PROVIDER, "Fewer of a fusion's panel answered than its judge needs; the message says what "
                                      "became of each. The status is that of those that failed where it is the same, else 502; 504 "
                                      "when `panel_timeout` was over. In `attempts`, `panel_timeout` and "
                                      "`panel_failed` are who was cancelled then."),
    "pipeline_step_failed": (PROVIDER, "A step of a pipeline gave no answer: the message names it. The status is its "
                                       "provider's, 502 when it said nothing."),
    "upstream_answer_too_large": (PROVIDER, "A member of a panel or a step of a pipeline said more than 1 MiB, or "
                                            "its answer is larger than 4 MiB."),
    "admin_address_refused": (MANAGE, "The client's address is not in `admin.allow`."),
    "needs_setup": (MANAGE, "No admin password is set, so management is open to this host only, "
                            "without a proxy, a foreign `Host` or a foreign `Origin`."),
    "invalid_parameter": (MANAGE, "A parameter of the query is wrong; the message begins with its name."),
    "invalid_receipt_id": (MANAGE, "That is no receipt's id: it has 23 digits of Crockford's base 32."),
    "receipt_not_found": (MANAGE, "There is no such receipt: the exchange has not ended, it has been removed, or "
                                  "there never was one."),
    "store_failed": (MANAGE, "What was asked for could not be read from the store; the message says why."),
    "login_required": (MANAGE, "The admin password is missing or wrong (HTTP Basic, any user "
                                "name)."),
    "upstream_name_unknown": (PROVIDER, "The host's name has no address."),
    "upstream_address_refused": (PROVIDER, "Every address of the host is private, loopback or "
                                           "otherwise not public, and `allow_private_network` is "
                                           "not set."),
    "upstream_connect_failed": (PROVIDER, "No address accepted a connection."),
    "PROXY_ASSIGNED_UNAVAILABLE": (PROVIDER, "The proxy on the way to the provider is dead, refuses "
                                             "us or does not answer; the message names it. The "
                                             "provider was not asked, and the request does not go "
                                             "around the proxy unless the environment's "
                                             "`PROXY_FAIL_OPEN` is `true`. `retry-after` is 2 "
                                             "seconds."),
    "upstream_tls_failed": (PROVIDER, "The TLS handshake failed, or the certificate is not for "
                                      "this host or not signed by a trusted authority."),
    "upstream_timeout": (PROVIDER, "Connecting took longer than `connect_timeout`, the answer did "
                                   "not begin within `timeout`, or an open stream was silent for "
                                   "as long."),
    "upstream_closed": (PROVIDER, "The connection or the stream ended before the answer did."),
    "upstream_protocol_error": (PROVIDER, "What came is not HTTP, or is beyond the limits of "
                                          "heads."),
    "upstream_queue_full": (PROVIDER, "Too many requests wait for a connection to this origin."),
    "upstream_coding_unknown": (PROVIDER, "The answer has a content coding other than gzip, "
                                          "deflate, br and zstd, or more than two."),
    "upstream_coding_broken": (PROVIDER, "The compressed answer is broken, cut short, or expands "
                                         "beyond reason (16 MiB from one read)."),
    "upstream_empty": (PROVIDER, "The stream ended before its first content."),
    "upstream_error": (PROVIDER, "The stream began with an error without a code of its own."),
    "upstream_invalid_answer": (PROVIDER, "A 2xx answer is not what was asked for: a chat completion, a count, or a vector for "
                                          "each text."),
    "upstream_event_too_large": (PROVIDER, "One event of a stream is larger than the framer takes "
                                           "(8 MiB)."),
    "upstream_stream_incomplete": (PROVIDER, "The stream ended without `[DONE]` and with a choice "
                                             "that has no `finish_reason`. Comes as the last event "
                                             "of the stream."),
    "refused": (PROVIDER, "Only in `attempts` of the access log: an error status without a code."),
    "overloaded": (GATEWAY, "The bodies held by all requests together have reached a quarter of "
                            "the memory. `retry-after` is 1 second."),
    "shutting_down": (GATEWAY, "The request was still running when `shutdown.drain` ended."),
    "uri_too_long": (WIRE, "The request line alone exceeds `limits.header_bytes`."),
    "headers_too_large": (WIRE, "The head exceeds `limits.header_bytes` or `limits.header_count`."),
    "expectation_failed": (WIRE, "An `Expect` other than `100-continue`."),
    "not_implemented": (WIRE, "A `Transfer-Encoding` other than `chunked`."),
    "version_not_supported": (WIRE, "HTTP/1.x other than 1.0 and 1.1."),
    "server_error": (STAND_IN, "In the object of a failed response: what failed had no code."),
    "payment_required": (STAND_IN, "The account with the provider is out of money."),
    "insufficient_quota": (STAND_IN, "The provider forbids it, for quota or permission."),
    "model_not_supported": (STAND_IN, "The provider does not serve this model here."),
    "rate_limit_exceeded": (REQUEST, "The key has used up a window of its "
                                     "[rate limits](keys_and_limits.md#windows); `retry-after` is "
                                     "the end of it. Where the message begins with a status in "
                                     "brackets, the provider limits the rate."),
    "internal_server_error": (STAND_IN, "The provider failed with a status that has no word of its "
                                        "own."),
    "bad_gateway": (STAND_IN, "The provider answered 502."),
    "service_unavailable": (STAND_IN, "The provider answered 503."),
    "gateway_timeout": (STAND_IN, "The provider answered 504."),
}
# Statuses that no source shows beside the code.
STATUSES = {"model_not_found": {400, 404}, "ambiguous_model": {400}, "unknown_provider": {400}, "not_offered": {404}, "bad_path": {400},
            "bad_request": {400}, "response_not_found": {404}, "server_error": set(), "previous_response_not_found": {404}, "upstream_error": {502}, "upstream_event_too_large": {502},
            "upstream_stream_incomplete": {502}, "refused": set()}

HEAD = """# Errors

<!-- Generated by tools/gen_errors_doc.py from the sources. Edit the tool's table instead. -->

Every error has the shape of the dialect whose path was asked. `code` is a stable word, where the
dialect has a place for one; messages may change.

```json
{"error": {"message": "Missing API key", "type": "authentication_error", "param": null,
           "code": "invalid_api_key"}}
```

`type` follows from the status, unless the provider named one. An error after the first byte of a
streamed answer comes as its last event, `data: {"error": ...}`, and no `[DONE]` follows. A plain
answer that breaks off is cut: the connection is closed, or the HTTP/2 stream reset. Management
answers with `message` and `code` only.

When a provider refuses, its own code, type, message (after `[STATUS]: `) and `param` are passed on
with its status, keys in the texts replaced by `***`; such codes are not listed here. The code also
stands in the access log, as `error`, and in `attempts` as `reason`.
"""


def codes_in(text):
    """{code: statuses that stand beside it} of one file."""
    found = {}
    for form in FORMS:
        for match in form.finditer(text):
            status = match.groupdict().get("status")
            code = next(group for group in match.groups()[::-1] if group != status)
            found.setdefault(code, set()).update({int(status)} if status else ())
    return found


def codes_of(root):
    """{code: statuses} of the tree."""
    found = {}
    for place in PLACES:
        path = root / place
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.suffix in (".cc", ".h"):
                for code, statuses in codes_in(file.read_text(encoding="utf-8")).items():
                    found.setdefault(code, set()).update(statuses)
    for status, code in DEFAULT_ROW.findall((root / DEFAULTS).read_text(encoding="utf-8")):
        found.setdefault(code, set()).add(int(status))
    return found


def complaints_about(codes, meanings):
    complaints = [f"tools/gen_errors_doc.py: the code {code} has no meaning"
                  for code in sorted(codes.keys() - meanings.keys())]
    return complaints + [f"tools/gen_errors_doc.py: the meaning of {code} has no code"
                         for code in sorted(meanings.keys() - codes.keys())]


def page_of(codes):
    lines = [HEAD]
    for number, heading in enumerate(HEADINGS):
        lines += [f"## {heading}", "", "| code | status | meaning |", "|---|---|---|"]
        for code, (place, meaning) in MEANINGS.items():
            if place != number:
                continue
            statuses = codes[code] | STATUSES.get(code, set())
            lines.append(f"| `{code}` | {', '.join(map(str, sorted(statuses)))} | {meaning} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main():
    codes = codes_of(ROOT)
    complaints = complaints_about(codes, MEANINGS)
    for complaint in complaints:
        print(complaint)
    if complaints:
        return 1
    page = ROOT / "docs/errors.md"
    if sys.argv[1:] == ["--check"]:
        if page.exists() and page.read_text(encoding="utf-8") == page_of(codes):
            return 0
        print("docs/errors.md is stale: run tools/gen_errors_doc.py")
        return 1
    page.write_text(page_of(codes), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
