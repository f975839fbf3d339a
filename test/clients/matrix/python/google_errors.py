"""What the google-genai library raises: one class, whatever the status."""

from google.genai import errors

KINDS = {400: "bad_request", 401: "auth", 404: "not_found", 429: "rate_limit"}


def failure(error):
    if not isinstance(error, errors.APIError):
        return {"status": None, "kind": "stream", "message": str(error)}
    headers = getattr(error.response, "headers", {})
    kind = "server" if error.code >= 500 else KINDS.get(error.code, "other")
    return {"status": error.code, "kind": kind, "message": str(error), "retryAfter": headers.get("retry-after")}
