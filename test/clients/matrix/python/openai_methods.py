"""The openai library's listings, counts and Completions; the words are those of ../methods/method.mjs."""

import openai

from driver import class_of, given, whole


def model(told):
    """Beside what the vendor's own models have."""
    more = whole(told).model_extra
    return {
        "id": told.id,
        "title": more["name"],
        "context": more["context_length"],
        "maxOutput": more["max_output_tokens"],
    }


def request(ask):
    return {
        **given(model=ask["model"], prompt=ask["prompt"], max_tokens=ask.get("maxTokens")),
        **ask.get("more", {}),
    }


def count_request(ask):
    tool = ask.get("tool")
    return given(
        model=ask["model"],
        input=ask["text"],
        instructions=ask.get("system"),
        tools=tool
        and [
            {
                "type": "function",
                "name": tool["name"],
                "description": tool["description"],
                "parameters": tool["schema"],
                "strict": False,
            }
        ],
        reasoning={"effort": "medium"} if ask.get("thinks") else None,
    )


def completion(text, finish, usage, pieces=None):
    counts = {"input": usage.prompt_tokens, "output": usage.completion_tokens}
    return {"text": text, "finish": finish, "usage": counts, "pieces": pieces}


def response(told):
    return {"id": told.id, "status": told.status, "text": told.output_text}


class Methods:
    def __init__(self, client):
        self.client = client

    def list(self, _ask):
        page = self.client.models.list()
        return {"first": len(page.data), "models": [model(one) for one in page]}

    def retrieve(self, ask):
        return model(self.client.models.retrieve(ask["model"]))

    def count(self, ask):
        told = whole(self.client.responses.input_tokens.count(**count_request(ask)))
        return {"tokens": told.input_tokens, "isEstimate": (told.model_extra or {}).get("estimated", False)}

    def complete(self, ask):
        told = whole(self.client.completions.create(**request(ask)))
        return completion(told.choices[0].text, told.choices[0].finish_reason, told.usage)

    def completeStream(self, ask):  # pylint: disable=invalid-name
        stream = self.client.completions.create(**request(ask), stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        choices = [choice for chunk in chunks for choice in chunk.choices]
        texts = [choice.text for choice in choices if choice.text]
        finish = next(choice.finish_reason for choice in choices if choice.finish_reason)
        return completion("".join(texts), finish, chunks[-1].usage, len(texts))

    def respond(self, ask):
        told = self.client.responses.create(
            **given(
                model=ask["model"],
                input=ask["text"],
                previous_response_id=ask.get("previous"),
                background=ask.get("background"),
            )
        )
        return response(whole(told))

    def readResponse(self, ask):  # pylint: disable=invalid-name
        return response(whole(self.client.responses.retrieve(ask["id"])))

    def deleteResponse(self, ask):  # pylint: disable=invalid-name
        self.client.responses.delete(ask["id"])
        return {}

    def cancelResponse(self, ask):  # pylint: disable=invalid-name
        return response(whole(self.client.responses.cancel(ask["id"])))

    def listItems(self, ask):  # pylint: disable=invalid-name
        items = self.client.responses.input_items.list(ask["id"], order="asc", limit=2)
        return [item.content[0].text for item in items]

    def resume(self, ask):
        more = given(starting_after=ask.get("after"))
        return [event.type for event in self.client.responses.retrieve(ask["id"], stream=True, **more)]

    def embed(self, ask):
        request = given(dimensions=ask.get("dimensions"), encoding_format=ask.get("format"))
        told = whole(self.client.embeddings.create(model=ask["model"], input=ask["texts"], **request))
        return {"vectors": [one.embedding for one in told.data], "tokens": told.usage.prompt_tokens}

    def failure(self, error):
        return class_of(openai, error)
