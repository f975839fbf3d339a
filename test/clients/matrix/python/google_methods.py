"""The google-genai library's listings and counts; the words are those of ../methods/method.mjs."""

from google_errors import failure


def model(told):
    return {
        "id": told.name.removeprefix("models/"),
        "title": told.display_name,
        "context": told.input_token_limit,
        "maxOutput": told.output_token_limit,
    }


class Methods:
    def __init__(self, client):
        # The library closes what it opened when nobody holds the client.
        self.client = client
        self.models = client.models

    def list(self, ask):
        pager = self.models.list(config={"page_size": ask["pageSize"]})
        return {"first": len(pager), "models": [model(one) for one in pager]}

    def retrieve(self, ask):
        return model(self.models.get(model=ask["model"]))

    def count(self, ask):
        told = self.models.count_tokens(model=ask["model"], contents=ask["text"])
        return {
            "tokens": told.total_tokens,
            "isEstimate": told.sdk_http_response.headers.get("x-omniroute-estimated") == "true",
        }

    def embed(self, ask):
        config = {"output_dimensionality": ask.get("dimensions")}
        told = self.models.embed_content(model=ask["model"], contents=ask["texts"], config=config)
        return {"vectors": [one.values for one in told.embeddings]}

    def tuned(self, _ask):
        return {"first": len(self.models.list(config={"query_base": False}))}

    def compute(self, _ask):
        return {"tokens": len(self.models.compute_tokens(model="gemini/any", contents="2+2?").tokens_info)}

    def failure(self, error):
        return failure(error)
