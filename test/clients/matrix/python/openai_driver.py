"""The openai library's Chat Completions and Responses."""

import json

import openai

from driver import class_of, data_url, given, see, serve
from openai_methods import Methods

STOP = {"stop": "end", "length": "length", "tool_calls": "calls", "content_filter": "filter"}
REASON = {"max_output_tokens": "length", "content_filter": "filter"}


class Chat:
    def __init__(self, client):
        self.client = client

    def _messages(self, ask):
        out = [{"role": "system", "content": ask["system"]}] if ask.get("system") else []
        for turn in ask["turns"]:
            if "answer" in turn:
                out.append(turn["answer"]["raw"])
            elif turn["role"] == "tool":
                out += [
                    {"role": "tool", "tool_call_id": result["id"], "content": result["text"]}
                    for result in turn["results"]
                ]
            elif turn.get("image"):
                image = {"type": "image_url", "image_url": {"url": data_url(turn["image"])}}
                out.append({"role": "user", "content": [{"type": "text", "text": turn["text"]}, image]})
            else:
                out.append({"role": turn["role"], "content": turn["text"]})
        return out

    def _request(self, ask):
        tools = [
            {
                "type": "function",
                "function": given(name=tool["name"], description=tool["description"], parameters=tool["schema"]),
            }
            for tool in ask.get("tools", [])
        ]
        schema = ask.get("schema") and {
            "type": "json_schema",
            "json_schema": {"name": "reply", "schema": ask["schema"]},
        }
        return given(
            model=ask["model"],
            messages=self._messages(ask),
            max_completion_tokens=ask.get("maxTokens"),
            stop=ask.get("stop"),
            tool_choice=ask.get("choice"),
            tools=tools or None,
            response_format=schema,
            reasoning_effort="medium" if ask.get("thinks") else None,
        )

    def _answer(self, completion, pieces=None, reasoning=None):
        choice, usage = completion.choices[0], completion.usage
        message = {**choice.message.model_dump(exclude_none=True, exclude={"parsed"}), **(reasoning or {})}
        for call in message.get("tool_calls", []):
            call["function"].pop("parsed_arguments", None)
            call.pop("index", None)
        calls = [
            {"id": call.id, "name": call.function.name, "args": json.loads(call.function.arguments)}
            for call in choice.message.tool_calls or []
        ]
        return {
            "text": choice.message.content or "",
            "thought": message.get("reasoning_content", ""),
            "calls": calls,
            "stop": STOP[choice.finish_reason],
            "pieces": pieces,
            "raw": message,
            "usage": usage
            and {
                "input": usage.prompt_tokens,
                "output": usage.completion_tokens,
                "cached": usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0,
            },
        }

    def chat(self, ask):
        return self._answer(self.client.chat.completions.create(**self._request(ask)))

    def stream(self, ask):
        """The library puts together what the vendor documents; reasoning is what others add."""
        pieces, thought, details = 0, "", []
        with self.client.chat.completions.stream(
            **self._request(ask), stream_options={"include_usage": True}
        ) as stream:
            try:
                for event in stream:
                    if event.type != "chunk" or not event.chunk.choices:
                        continue
                    delta = event.chunk.choices[0].delta
                    pieces += bool(delta.content)
                    thought += getattr(delta, "reasoning_content", None) or ""
                    details += getattr(delta, "reasoning_details", None) or []
            except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
                pass
            completion = stream.current_completion_snapshot
        return self._answer(
            completion, pieces, given(reasoning_content=thought or None, reasoning_details=details or None)
        )

    def leave(self, ask):
        with self.client.chat.completions.create(**self._request(ask), stream=True) as stream:
            next(chunk for chunk in stream if chunk.choices and chunk.choices[0].delta.content)

    def failure(self, error):
        return class_of(openai, error)


class Responses:
    def __init__(self, client):
        self.client = client

    def _input(self, turns):
        out = []
        for turn in turns:
            if "answer" in turn:
                out += turn["answer"]["raw"]
            elif turn["role"] == "tool":
                out += [
                    {"type": "function_call_output", "call_id": result["id"], "output": result["text"]}
                    for result in turn["results"]
                ]
            elif turn.get("image"):
                image = {"type": "input_image", "detail": "auto", "image_url": data_url(turn["image"])}
                out.append({"role": "user", "content": [{"type": "input_text", "text": turn["text"]}, image]})
            else:
                out.append({"role": turn["role"], "content": turn["text"]})
        return out

    def _request(self, ask):
        tools = [
            {
                "type": "function",
                "name": tool["name"],
                "description": tool["description"],
                "parameters": tool["schema"],
                "strict": False,
            }
            for tool in ask.get("tools", [])
        ]
        thinks = ask.get("thinks")
        return given(
            model=ask["model"],
            input=self._input(ask["turns"]),
            instructions=ask.get("system"),
            max_output_tokens=ask.get("maxTokens"),
            tool_choice=ask.get("choice"),
            tools=tools or None,
            store=False,
            text=ask.get("schema") and {"format": {"type": "json_schema", "name": "reply", "schema": ask["schema"]}},
            reasoning={"effort": "medium", "summary": "auto"} if thinks else None,
            include=["reasoning.encrypted_content"] if thinks else None,
        )

    def _answer(self, response, pieces=None):
        output = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output]
        for item in output:
            for part in item.get("content", []):
                part.pop("parsed", None)
        calls = [
            {"id": item.call_id, "name": item.name, "args": json.loads(item.arguments)}
            for item in response.output
            if item.type == "function_call"
        ]
        stop = (
            REASON[response.incomplete_details.reason]
            if response.status == "incomplete"
            else "calls" if calls else "end"
        )
        thought = "".join(part.text for item in response.output if item.type == "reasoning" for part in item.summary)
        return {
            "text": response.output_text,
            "thought": thought,
            "calls": calls,
            "stop": stop,
            "pieces": pieces,
            "raw": output,
            "usage": {
                "input": response.usage.input_tokens,
                "cached": response.usage.input_tokens_details.cached_tokens,
                "output": response.usage.output_tokens,
            },
        }

    def chat(self, ask):
        return self._answer(self.client.responses.create(**self._request(ask)))

    def stream(self, ask):
        """The library gives a failure within a stream as an event among others."""
        pieces, last = 0, None
        with self.client.responses.stream(**self._request(ask)) as stream:
            for event in stream:
                pieces += event.type == "response.output_text.delta"
                if event.type == "error":
                    raise RuntimeError(event.message)
                if event.type == "response.failed":
                    raise RuntimeError(event.response.error.message)
                last = event
        return self._answer(last.response, pieces)

    def leave(self, ask):
        with self.client.responses.create(**self._request(ask), stream=True) as stream:
            next(event for event in stream if event.type == "response.output_text.delta")

    def failure(self, error):
        return class_of(openai, error)


def connect(url, key):
    http = openai.DefaultHttpxClient(event_hooks={"response": [see]})
    client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, http_client=http)
    return {
        "py-openai-chat": Chat(client),
        "py-openai-responses": Responses(client),
        "py-openai-methods": Methods(client),
    }


serve(connect)
