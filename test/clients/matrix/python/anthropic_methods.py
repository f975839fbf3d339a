"""The anthropic library's listings and counts; the words are those of ../methods/method.mjs."""

import anthropic

from driver import class_of, given, whole


def model(told):
    whole(told)
    return {
        "id": told.id,
        "title": told.display_name,
        "context": told.max_input_tokens,
        "maxOutput": told.max_tokens,
    }


def count_request(ask):
    tool = ask.get("tool")
    return given(
        model=ask["model"],
        messages=[{"role": "user", "content": ask["text"]}],
        system=ask.get("system"),
        tools=tool
        and [{"name": tool["name"], "description": tool["description"], "input_schema": tool["schema"]}],
        thinking={"type": "enabled", "budget_tokens": 2048} if ask.get("thinks") else None,
    )


class Methods:
    def __init__(self, client):
        self.client = client

    def _side(self, ask):
        return self.client.beta if ask.get("isBeta") else self.client

    def list(self, ask):
        page = self._side(ask).models.list(**given(limit=ask["pageSize"], before_id=ask.get("before")))
        return {"first": len(page.data), "models": [model(one) for one in page]}

    def retrieve(self, ask):
        return model(self._side(ask).models.retrieve(ask["model"]))

    def count(self, ask):
        told = whole(self._side(ask).messages.count_tokens(**count_request(ask)))
        return {"tokens": told.input_tokens, "isEstimate": (told.model_extra or {}).get("estimated", False)}

    def failure(self, error):
        return class_of(anthropic, error)
