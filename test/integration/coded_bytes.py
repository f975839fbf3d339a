"""Bodies in br and zstd, for which Python has no encoder: made once with the libraries' own, flushed behind
each piece. What they stand for is EVENTS, PLAIN_TEXT and ERROR_TEXT; a stream has one piece more, its end."""
import base64

from upstream import DONE, ROLE, STOP, text

EVENTS = [ROLE, text("one "), text("two"), STOP, DONE]
PLAIN_TEXT = (b'{"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"four"}}],'
              b'"usage":{"prompt_tokens":18,"completion_tokens":1,"total_tokens":19}}')
ERROR_TEXT = b'{"error":{"message":"n is wrong","type":"invalid_request_error","code":"bad_n","param":"n"}}'

_STREAM = {
    "br": [
        "g1kAAASCNtcpafcZ2ZKlKiaJ422b1zGmIh5Fx/GJq2atoH+C9IbJ74OEnQsTWc7Es8wdCcu82/3aVIDkZYB4QpMI"
        "vvN56Hb6jxVJtY0kCGPfXpL97PqNhD0ITOfc9m+mlsYniS+BTZFYBrmSUL/vzOfQL8tOMJE2TnK8Xj5LQGHKyXC5"
        "E8IA",
        "IAUAQBqkzO1NAkNOYKFdb8h8gho=",
        "GAUAQPKN7q64CawA4setAQ==",
        "sAQAQEKkFVlkmMA0cGifKRHGaGoA",
        "aAAAQMBD1l8zlXVTBOgSgKbGBwM=",
        "Aw==",
    ],
    "zstd": [
        "KLUv/QRYTAQAcoofHXC1bQOc05cPL9ua6gYqvTtCAABhDP7550kBDj0mRdEcmrWWvS83VAWRmloF8NP8917t5fx5"
        "L3ZTreHvulg5c8dein6O+4CiVWcM96apOOXP2e9LEbOfo0BA7kgbVcmfC+yS0lhWrSthnEanBiT458hgJSwbU/6O"
        "1BnBYSMKAgDBjYfM5hM=",
        "hAAAIG9uZSADEAcoRqQN8C0FAg==",
        "bAAAIGR0d28CACfDTIACVw==",
        "rAAAYGQic3RvcCJ9XX0KCgIAGOOBTcEV",
        "cAAAZGF0YTogW0RPTkVdCgo=",
        "AQAAF9iD8g==",
    ],
}

_PLAIN = {
    "br": (
        "A1IAAAT+XVvqLy+cTX+qIofBIHg43JnGdHLmAXlSS74l17K2OMLcxs4pDLScYSSeK7Qn4xs143C0BxUAIUNiYIkS"
        "HSbijLjfMd7EiIczQXhTdRg/Zvr3Dp99dxJoWTn8ucx0Wm6QPEVsVQM="
    ),
    "zstd": (
        "KLUv/QRYpAMAUggZGYCpbZiuyT4S6fu1aNKIRZjQJVFFTRVNwghrDU7p7ZtuNp6EBIE7KyK2i05oVUJuhbWukDV+"
        "b8XWNbe3luZkLr/jWfXkjofCjOj2tM2/63JBVRycmsYNcE+gQfMJ4c5ocg/zJAQANLfRuTywK05CmQEBAACugoMH"
    ),
}

_ERROR = {
    "br": (
        "gy0AAARkc6nKsiHZivwcjsXDHx5EnRywfudfnuVRQJhK4BzD0EUX7A+vIjdY4UMHKfHk35Mb5RZmMSIHsnPl1Sio"
        "D8YcyxPlPXpimm4DAw=="
    ),
    "zstd": (
        "KLUv/QRYhAIAYsURF5CnLQb2+f9t91tvaFRCv2VmO5acufvEx3Fuq9MjLqc5B9jGswIXUywSBqjmJMEVMm0jcSgu"
        "o1xqIJtIbiO6XVQbti5V3AgBAKkHBQUBAADkCCcQ"
    ),
}

STREAM = {coding: [base64.b64decode(piece) for piece in pieces] for coding, pieces in _STREAM.items()}
PLAIN = {coding: base64.b64decode(body) for coding, body in _PLAIN.items()}
ERROR = {coding: base64.b64decode(body) for coding, body in _ERROR.items()}
