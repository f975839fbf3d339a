"""The ollama library's listings, generate and embeddings; the words are those of
../methods/method.mjs."""

import ollama

from driver import given, serve

KINDS = {400: "bad_request", 401: "auth", 404: "not_found", 429: "rate_limit"}


def request(ask):
    return {
        "model": ask["model"],
        "prompt": ask["prompt"],
        "options": given(num_predict=ask.get("maxTokens")),
        **given(system=ask.get("system")),
        **ask.get("more", {}),
    }


def generated(lines, pieces=None):
    last = lines[-1]
    return {
        "text": "".join(line.response for line in lines),
        "finish": last.done_reason,
        "usage": {"input": last.prompt_eval_count, "output": last.eval_count},
        "pieces": pieces,
    }


class Methods:
    def __init__(self, client):
        self.client = client

    def list(self, _ask):
        models = self.client.list().models
        return {"first": len(models), "models": [{"id": model.model} for model in models]}

    def retrieve(self, ask):
        info = self.client.show(ask["model"]).modelinfo
        return {"title": info["general.basename"], "context": info[f"{info['general.architecture']}.context_length"]}

    def complete(self, ask):
        return generated([self.client.generate(**request(ask))])

    def completeStream(self, ask):  # pylint: disable=invalid-name
        lines = list(self.client.generate(**request(ask), stream=True))
        return generated(lines, sum(bool(line.response) for line in lines))

    def embed(self, ask):
        if ask.get("isOlder"):
            return {"vectors": [self.client.embeddings(ask["model"], ask["texts"][0]).embedding]}
        told = self.client.embed(ask["model"], ask["texts"], dimensions=ask.get("dimensions"))
        return {"vectors": told.embeddings, "tokens": told.prompt_eval_count}

    def ps(self, _ask):
        return self.client.ps().model_dump(mode="json")

    def failure(self, error):
        status = getattr(error, "status_code", None)
        kind = "stream" if status is None else KINDS.get(status, "server" if status >= 500 else "other")
        return {"status": status, "kind": kind, "message": str(error)}


def connect(url, key):
    client = ollama.Client(host=url, headers={"authorization": f"Bearer {key}"})
    return {"py-ollama-methods": Methods(client)}


serve(connect)
