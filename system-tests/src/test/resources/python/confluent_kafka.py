"""As much of confluent_kafka as examples/python/ask.py uses, with a worker behind it that answers "Hello"."""

import hashlib
import json
from collections import deque
from types import SimpleNamespace

_arriving = deque()
_assigned = []
ATTEMPT = {"hop": 0, "epoch": 1, "number": 1, "source": "7"}


class TopicPartition:
    def __init__(self, topic, partition, offset=-1001):
        self.topic, self.partition, self.offset = topic, partition, offset


class Message:
    def __init__(self, topic, value, form):
        self._topic, self._value, self._form = topic, value, form

    def topic(self):
        return self._topic

    def value(self):
        return self._value

    def headers(self):
        return [("content-type", self._form)]

    def error(self):
        return None


class Producer:
    def __init__(self, config):
        assert config["acks"] == "all" and config["enable.idempotence"] is True
        self._deliveries = []

    def produce(self, topic, value, key, partition, headers, on_delivery):
        assert _assigned and all(place.offset == 5 for place in _assigned), "it sends before it listens"
        assert topic == "llm.requests.main.standard" and ("content-type", b"application/json") in headers
        assert partition in (0, 1)
        request = json.loads(value)
        assert request["id"] == key and request["timeToLiveMillis"] > 0
        self._deliveries.append((on_delivery, Message(topic, value, b"application/json")))
        answer(request["id"], hashlib.sha256(value).hexdigest()[:32])

    def flush(self, timeout):
        for on_delivery, message in self._deliveries:
            on_delivery(None, message)
        self._deliveries.clear()
        return 0


class Consumer:
    def __init__(self, config):
        assert config["group.id"]

    def list_topics(self, topic, timeout):
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions={0: None, 1: None})})

    def get_watermark_offsets(self, place, timeout):
        return 0, 5

    def assign(self, places):
        _assigned.extend(places)

    def poll(self, timeout):
        return _arriving.popleft() if _arriving else None

    def close(self):
        _assigned.clear()


def answer(request_id, request_hash):
    def chunk(seq, **rest):
        return {"requestId": request_id, "attempt": ATTEMPT, "seq": seq, "kind": "TEXT", "index": 0, **rest}

    digest = hashlib.sha256(b"Hello").hexdigest()[:32]
    tell("llm.replies", {"requestId": "another's", "status": "COMPLETED", "requestHash": "x"})
    _arriving.append(Message("llm.replies", b"\0\0\0\0\1avro", None))
    tell("llm.tokens", chunk(0, delta="Hel"))
    tell("llm.replies", {"requestId": request_id, "status": "REJECTED", "requestHash": "another record's"})
    tell("llm.replies", {"requestId": request_id, "status": "COMPLETED", "requestHash": request_hash,
                         "answeredBy": ATTEMPT, "body": {"choices": []}})
    tell("llm.tokens", chunk(1, delta="lo"))
    tell("llm.tokens", chunk(2, kind="END", end={"status": "COMPLETE", "chunks": 2, "hash": digest}))


def tell(topic, value):
    _arriving.append(Message(topic, json.dumps(value).encode("utf-8"), b"application/json"))
