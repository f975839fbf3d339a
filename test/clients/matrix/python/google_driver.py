"""The google-genai library."""

import base64

from google import genai
from google.genai import types

from driver import see, serve
from google_errors import failure
from google_methods import Methods

STOP = {"STOP": "end", "MAX_TOKENS": "length", "SAFETY": "filter"}


def content(turn):
    if "answer" in turn:
        return types.Content(role="model", parts=turn["answer"]["raw"])
    if turn["role"] == "tool":
        responses = [
            types.FunctionResponse(id=result["id"], name=result["name"], response={"output": result["text"]})
            for result in turn["results"]
        ]
        return types.Content(role="user", parts=[types.Part(function_response=response) for response in responses])
    parts = [types.Part.from_text(text=turn["text"])]
    if turn.get("image"):
        parts.append(
            types.Part.from_bytes(data=base64.b64decode(turn["image"]["data"]), mime_type=turn["image"]["type"])
        )
    return types.Content(role="model" if turn["role"] == "assistant" else "user", parts=parts)


def request(ask):
    tools = [
        types.FunctionDeclaration(
            name=tool["name"], description=tool["description"], parameters_json_schema=tool["schema"]
        )
        for tool in ask.get("tools", [])
    ]
    forced = (
        types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode="ANY")) if ask.get("choice") else None
    )
    config = types.GenerateContentConfig(
        system_instruction=ask.get("system"),
        max_output_tokens=ask.get("maxTokens"),
        stop_sequences=ask.get("stop"),
        tool_config=forced,
        tools=[types.Tool(function_declarations=tools)] if tools else None,
        response_json_schema=ask.get("schema"),
        response_mime_type="application/json" if ask.get("schema") else None,
        thinking_config=(
            types.ThinkingConfig(include_thoughts=True, thinking_budget=2048) if ask.get("thinks") else None
        ),
    )
    return {"model": ask["model"], "contents": [content(turn) for turn in ask["turns"]], "config": config}


def parts_of(chunk):
    told = chunk.candidates[0].content if chunk.candidates else None
    return (told.parts if told else None) or []


def answer(chunks, pieces=None):
    parts = [part for chunk in chunks for part in parts_of(chunk)]
    texts = lambda thought: "".join(part.text for part in parts if part.text and bool(part.thought) == thought)
    calls = [
        {"id": part.function_call.id, "name": part.function_call.name, "args": part.function_call.args}
        for part in parts
        if part.function_call
    ]
    stop, counts = STOP[chunks[-1].candidates[0].finish_reason.name], chunks[-1].usage_metadata
    return {
        "text": texts(False),
        "thought": texts(True),
        "calls": calls,
        "stop": "calls" if calls and stop == "end" else stop,
        "pieces": pieces,
        "raw": parts,
        "usage": counts
        and {
            "input": counts.prompt_token_count,
            "cached": counts.cached_content_token_count or 0,
            "output": (counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0),
        },
    }


class Models:
    def __init__(self, client):
        # The library closes what it opened when nobody holds the client.
        self.client = client
        self.models = client.models

    def chat(self, ask):
        return answer([self.models.generate_content(**request(ask))])

    def stream(self, ask):
        chunks = list(self.models.generate_content_stream(**request(ask)))
        return answer(chunks, sum(any(part.text and not part.thought for part in parts_of(chunk)) for chunk in chunks))

    def leave(self, ask):
        stream = self.models.generate_content_stream(**request(ask))
        next(chunk for chunk in stream if parts_of(chunk))
        stream.close()

    def failure(self, error):
        return failure(error)


def connect(url, key):
    options = types.HttpOptions(
        base_url=url, client_args={"event_hooks": {"response": [see]}}, retry_options=types.HttpRetryOptions(attempts=1)
    )
    client = genai.Client(api_key=key, http_options=options)
    return {"py-google": Models(client), "py-google-methods": Methods(client)}


serve(connect)
