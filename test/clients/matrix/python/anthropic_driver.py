"""The anthropic library."""

import anthropic

from anthropic_methods import Methods
from driver import class_of, given, see, serve

STOP = {
    "end_turn": "end",
    "max_tokens": "length",
    "stop_sequence": "sequence",
    "tool_use": "calls",
    "refusal": "filter",
}


def message(turn):
    if "answer" in turn:
        return {"role": "assistant", "content": turn["answer"]["raw"]}
    if turn["role"] == "tool":
        return {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": result["id"], "content": result["text"]}
                for result in turn["results"]
            ],
        }
    if not turn.get("image"):
        return {"role": turn["role"], "content": turn["text"]}
    source = {"type": "base64", "media_type": turn["image"]["type"], "data": turn["image"]["data"]}
    return {"role": "user", "content": [{"type": "text", "text": turn["text"]}, {"type": "image", "source": source}]}


def request(ask):
    tools = [
        {"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}
        for tool in ask.get("tools", [])
    ]
    return given(
        model=ask["model"],
        messages=[message(turn) for turn in ask["turns"]],
        max_tokens=ask.get("maxTokens", 4096),
        system=ask.get("system"),
        stop_sequences=ask.get("stop"),
        tools=tools or None,
        tool_choice={"type": "any"} if ask.get("choice") else None,
        output_config=ask.get("schema") and {"format": {"type": "json_schema", "schema": ask["schema"]}},
        thinking={"type": "enabled", "budget_tokens": 2048} if ask.get("thinks") else None,
    )


def answer(told, pieces=None):
    of = lambda kind: [block for block in told.content if block.type == kind]
    usage = told.usage
    cached = usage.cache_read_input_tokens or 0
    return {
        "text": "".join(block.text for block in of("text")),
        "thought": "".join(block.thinking for block in of("thinking")),
        "calls": [{"id": block.id, "name": block.name, "args": block.input} for block in of("tool_use")],
        "stop": STOP[told.stop_reason],
        "pieces": pieces,
        "raw": [block.model_dump(exclude_none=True, exclude={"parsed_output", "caller"}) for block in told.content],
        "usage": {
            "input": usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0),
            "cached": cached,
            "output": usage.output_tokens,
        },
    }


class Messages:
    def __init__(self, client):
        self.client = client

    def chat(self, ask):
        return answer(self.client.messages.create(**request(ask)))

    def stream(self, ask):
        pieces = 0
        with self.client.messages.stream(**request(ask)) as stream:
            for event in stream:
                pieces += event.type == "text"
            return answer(stream.get_final_message(), pieces)

    def leave(self, ask):
        with self.client.messages.stream(**request(ask)) as stream:
            next(stream.text_stream)

    def failure(self, error):
        return class_of(anthropic, error)


def connect(url, key):
    http = anthropic.DefaultHttpxClient(event_hooks={"response": [see]})
    client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, http_client=http)
    return {"py-anthropic": Messages(client), "py-anthropic-methods": Methods(client)}


serve(connect)
