"""What the drivers of Python's libraries have in common: operations come as lines of JSON on standard
input and their answers leave on standard output. The words are those of
../drivers/words.mjs and ../methods/method.mjs; `raw` is the number of an answer that this process
keeps.
"""

import json
import sys

_seen = {}
_kept = []


def see(response):
    """A hook for HTTP clients: libraries show headers each in its own way, or not at all."""
    _seen["headers"] = response.headers


def class_of(library, error):
    """Vendors' generated libraries have a class for each."""
    kinds = {
        "bad_request": "BadRequestError",
        "auth": "AuthenticationError",
        "not_found": "NotFoundError",
        "rate_limit": "RateLimitError",
        "server": "InternalServerError",
    }
    kind = next((kind for kind, name in kinds.items() if isinstance(error, getattr(library, name))), "stream")
    headers = error.response.headers if getattr(error, "response", None) is not None else {}
    return {
        "status": getattr(error, "status_code", None),
        "kind": kind,
        "message": str(error),
        "retryAfter": headers.get("retry-after"),
    }


def data_url(image):
    return f"data:{image['type']};base64,{image['data']}"


def given(**members):
    return {key: value for key, value in members.items() if value is not None}


def whole(told):
    """Vendors' generated libraries take what lacks a member, and give None where they promise more."""
    type(told).model_validate(told.to_dict())
    return told


def _perform(drivers, line):
    """Answers one line: {"answer"} or {"failure"}; what a driver did not foresee is {"crash"}."""
    driver = drivers[line["driver"]]
    ask = line["ask"]
    for turn in ask.get("turns", []):
        if "answer" in turn:
            turn["answer"]["raw"] = _kept[turn["answer"]["raw"]]
    try:
        answer = getattr(driver, line["operation"])(ask)
    except Exception as error:  # pylint: disable=broad-except
        return {"failure": driver.failure(error)}
    if answer is None or "raw" not in answer:
        return {"answer": answer}
    _kept.append(answer["raw"])
    answer["raw"] = len(_kept) - 1
    dropped = _seen["headers"].get("x-omniroute-dropped")
    return {"answer": {**answer, "dropped": dropped.split(", ") if dropped else []}}


def _handle(drivers, text):
    line = json.loads(text)
    try:
        out = _perform(drivers, line)
    except Exception as error:  # pylint: disable=broad-except
        out = {"crash": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": line["id"], **out}), flush=True)


def serve(connect):
    """connect(url, key) gives {name: driver}. One operation at a time: openai 3.54 builds its types at
    their first use, and threads that stream meanwhile see events without an id.
    """
    drivers = connect(*sys.argv[1:])
    print(json.dumps({"ready": True}), flush=True)
    for text in sys.stdin:
        _handle(drivers, text)
