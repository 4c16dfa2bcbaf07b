"""Asks one question through Kafka and shows its tokens: python3 ask.py --bootstrap-server HOST:PORT --model MODEL TEXT

A producer and a reader on confluent-kafka (pip install confluent-kafka, or Debian's python3-confluent-kafka), in the JSON
form, so that neither Avro nor a registry is needed; or with --avro URL in Avro (avro_form.py). What a reader must do with
what it reads is in reply_rule.py and has no other dependency.
"""

import argparse
import json
import sys
import time
import uuid

from reply_rule import Abandoned, Appended, Assembler, Ended, Restarted, request_hash
from tenant_shard import partition

REPLIES = "llm.replies"
TOKENS = "llm.tokens"


class JsonForm:
    """Records as JSON; the header asks for replies and tokens of the same form."""

    headers = [("content-type", b"application/json")]

    def encode(self, topic, request):
        return json.dumps(request).encode("utf-8")

    def decode(self, headers, value):
        """None for another caller's, in Avro."""
        return json.loads(value) if dict(headers).get("content-type") == b"application/json" else None


def now_millis():
    return time.monotonic_ns() // 1_000_000


class Client:
    """Sends requests and reads what comes back for them. For one thread; use it as a context."""

    def __init__(self, bootstrap_server, form=JsonForm(), config=None):
        import confluent_kafka

        self._form = form
        self._kafka = confluent_kafka
        shared = {"bootstrap.servers": bootstrap_server, **(config or {})}
        self._producer = confluent_kafka.Producer({**shared, "enable.idempotence": True, "acks": "all"})
        self._consumer = confluent_kafka.Consumer(
            {**shared, "group.id": f"ask-{uuid.uuid4()}", "enable.auto.commit": False}
        )
        self._assembler = Assembler()
        self._request_partitions = {}
        self._listen()

    def _partitions(self, topic):
        known = self._consumer.list_topics(topic, timeout=10).topics[topic]
        if known.error is not None:
            raise RuntimeError(f"topic {topic}: {known.error}")
        return known.partitions

    def _listen(self):
        """From the ends of all partitions as they are now: what is sent after this is seen."""
        kafka = self._kafka
        places = []
        for topic in (REPLIES, TOKENS):
            for number in self._partitions(topic):
                place = kafka.TopicPartition(topic, number)
                _, end = self._consumer.get_watermark_offsets(place, timeout=10)
                places.append(kafka.TopicPartition(topic, partition, end))
        self._consumer.assign(places)

    def _requests(self, topic):
        """How many partitions a topic of requests has; a topic may gain some, and then a new client knows."""
        if topic not in self._request_partitions:
            self._request_partitions[topic] = len(self._partitions(topic))
        return self._request_partitions[topic]

    def send(self, lane, request, time_to_live_millis=60_000):
        """Sends to llm.requests.<lane>; returns when Kafka has it. The id must be new."""
        topic = f"llm.requests.{lane}"
        value = self._form.encode(topic, {"timeToLiveMillis": time_to_live_millis, **request})
        tokens = bool(request.get("streamTokens"))
        # Before it is sent: its reply may be there before the acknowledgement is.
        if not self._assembler.expect(request["id"], request_hash(value), time_to_live_millis, tokens, now_millis()):
            raise ValueError(f"id {request['id']} was used before")
        failures = []
        self._producer.produce(
            topic,
            value,
            key=request["id"],
            partition=partition(request.get("tenant", "default"), request["id"], self._requests(topic)),
            headers=self._form.headers,
            on_delivery=lambda error, message: failures.append(error) if error else None,
        )
        if self._producer.flush(30) or failures:
            raise RuntimeError(f"not sent: {failures or 'no acknowledgement within 30 s'}")

    def events(self):
        """Yields what is learnt of all requests that were sent, as it comes."""
        while True:
            message = self._consumer.poll(0.1)
            yield from self._assembler.tick(now_millis())
            if message is None or message.error() or message.value() is None:
                continue
            value = self._form.decode(message.headers() or [], message.value())
            if value is None:
                continue
            if message.topic() == TOKENS:
                yield from self._assembler.on_chunk(value, now_millis())
            else:
                yield from self._assembler.on_reply(value, now_millis())

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self._consumer.close()


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap-server", default="localhost:9092")
    parser.add_argument("--lane", default="everything-else.standard", help="POOL.PRIORITY")
    parser.add_argument("--model", required=True)
    parser.add_argument("--whole", action="store_true", help="no tokens, only the whole answer")
    parser.add_argument("--avro", metavar="URL", help="in Avro, with the schema registry there")
    parser.add_argument("text")
    asked = parser.parse_args(arguments)
    body = {"model": asked.model, "messages": [{"role": "user", "content": asked.text}]}
    request = {"id": str(uuid.uuid4()), "model": asked.model, "body": body, "streamTokens": not asked.whole}
    form = JsonForm()
    if asked.avro is not None:
        from avro_form import AvroForm

        form = AvroForm(asked.avro)
    with Client(asked.bootstrap_server, form) as client:
        client.send(asked.lane, request)
        for event in client.events():
            if isinstance(event, Appended):
                print(event.chunk.get("delta", ""), end="", flush=True)
            elif isinstance(event, Restarted):
                print("\n(it starts again)", file=sys.stderr)
            elif isinstance(event, Ended):
                if event.text_replaced and event.reply.get("body") is not None:
                    print("\n" + json.dumps(event.reply["body"]), end="")
                print()
                error = event.reply.get("error")
                if error is not None:
                    print(f"{event.reply['status']}: {error['code']}: {error['message']}", file=sys.stderr)
                return 0 if event.reply["status"] == "COMPLETED" else 3
            elif isinstance(event, Abandoned):
                print("no reply came in time", file=sys.stderr)
                return 5
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
