"""The reader's rule of docs/replies.md, with the standard library alone.

Feed an Assembler what comes from the reply and token topics, in the JSON form, and the time of any monotonic clock in
milliseconds; it returns events. It passes schemas/src/main/resources/reader-vectors.json (run_vectors.py).
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

END_WAIT_MILLIS = 2_000
GRACE_MILLIS = 3_600_000
CHUNK_OVERHEAD = 200


@dataclass(frozen=True)
class Appended:
    """Show more: the chunk's delta."""

    request_id: str
    chunk: dict


@dataclass(frozen=True)
class Restarted:
    """Forget what was shown; a higher attempt begins."""

    request_id: str
    attempt: dict


@dataclass(frozen=True)
class Ended:
    """The one terminal reply. text_replaced: show the reply's body instead of what is shown."""

    request_id: str
    reply: dict
    text_replaced: bool


@dataclass(frozen=True)
class Abandoned:
    """No reply came until the time to live and an hour had passed."""

    request_id: str


@dataclass(frozen=True)
class Bounds:
    """Most requests followed, ended ids remembered, and bytes of chunks that are held behind gaps."""

    live: int = 100_000
    remembered: int = 1_000_000
    held_bytes: int = 64 << 20
    held_bytes_per_request: int = 4 << 20


def request_hash(value: bytes) -> str:
    """Of a request record's value, exactly as it is sent: its reply carries it."""
    return hashlib.sha256(value).hexdigest()[:32]


def order(attempt: dict) -> tuple:
    """Attempts compare by this, field by field; equality means identity."""
    return (attempt["hop"], attempt["epoch"], attempt["number"], int(attempt["source"]))


class _Request:
    def __init__(self, expected_hash, tokens, deadline):
        self.expected_hash = expected_hash
        self.tokens = tokens
        self.deadline = deadline
        self.attempt = None
        self.reply = None
        self.reply_until = None
        self.shown = False
        self._begin()

    def _begin(self):
        self.digest = hashlib.sha256()
        self.next_seq = 0
        self.ahead = {}
        self.held = 0
        self.end = None
        self.end_agrees = False
        self.preview_lost = False

    def on_chunk(self, chunk, room, events):
        if self.reply is not None and order(chunk["attempt"]) != _order_or_none(self.reply.get("answeredBy")):
            return
        attempt = order(chunk["attempt"])
        if (self.attempt is not None and attempt < self.attempt) or chunk["seq"] < 0:
            return
        if self.attempt is None or attempt > self.attempt:
            if self.shown:
                events.append(Restarted(chunk["requestId"], chunk["attempt"]))
            self.attempt = attempt
            self.shown = False
            self._begin()
        seq = chunk["seq"]
        if self.preview_lost or self.end is not None or seq < self.next_seq or seq in self.ahead:
            return
        if seq > self.next_seq:
            self._hold(chunk, room)
            return
        self._show(chunk, events)
        while self.end is None and self.next_seq in self.ahead:
            following = self.ahead.pop(self.next_seq)
            self.held -= _size(following)
            self._show(following, events)

    def _hold(self, chunk, room):
        if _size(chunk) > room:
            self.ahead.clear()
            self.held = 0
            self.preview_lost = True
        else:
            self.ahead[chunk["seq"]] = chunk
            self.held += _size(chunk)

    def _show(self, chunk, events):
        end = chunk.get("end")
        if end is not None:
            self.end = end
            self.end_agrees = (
                end["chunks"] == self.next_seq and end["hash"] == self.digest.hexdigest()[:32]
            )
            return
        self.next_seq += 1
        self.digest.update(chunk.get("delta", "").encode("utf-8"))
        self.shown = True
        events.append(Appended(chunk["requestId"], chunk))

    def is_expected(self, reply):
        return self.expected_hash in (None, reply["requestHash"])

    def may_be_confirmed(self, reply):
        answered_by = _order_or_none(reply.get("answeredBy"))
        if answered_by is None or (not self.tokens and self.attempt is None):
            return False
        if self.attempt is None or answered_by > self.attempt:
            return True
        return answered_by == self.attempt and self.end is None and not self.preview_lost

    def is_confirmed(self, reply):
        return (
            self.attempt is not None
            and self.attempt == _order_or_none(reply.get("answeredBy"))
            and self.end is not None
            and self.end_agrees
            and (self.end["status"] == "COMPLETE" or reply["status"] != "COMPLETED")
        )

    def replaces(self, reply):
        has_body = reply.get("body") is not None or reply.get("bodyClaim") is not None
        return not self.is_confirmed(reply) and (self.shown or has_body)


def _order_or_none(attempt):
    return None if attempt is None else order(attempt)


def _size(chunk):
    return CHUNK_OVERHEAD + 2 * len(chunk.get("delta", ""))


class Assembler:
    """One reader's requests, each ended once. For one thread."""

    def __init__(self, bounds=Bounds()):
        self._bounds = bounds
        self._live = {}
        self._ended = OrderedDict()

    def expect(self, request_id, expected_hash, time_to_live_millis, tokens, now_millis):
        """Call it before the request is sent. expected_hash None takes any reply. False: known already, or too many."""
        if request_id in self._live or request_id in self._ended or len(self._live) >= self._bounds.live:
            return False
        deadline = now_millis + time_to_live_millis + GRACE_MILLIS
        self._live[request_id] = _Request(expected_hash, tokens, deadline)
        return True

    def on_chunk(self, chunk, now_millis):
        request = self._live.get(chunk["requestId"])
        if request is None:
            return []
        events = []
        held = sum(each.held for each in self._live.values()) if chunk["seq"] > request.next_seq else 0
        room = min(self._bounds.held_bytes - held, self._bounds.held_bytes_per_request - request.held)
        request.on_chunk(chunk, room, events)
        if request.reply is not None and not request.may_be_confirmed(request.reply):
            events.append(self._end(chunk["requestId"], request, request.reply))
        return events

    def on_reply(self, reply, now_millis):
        request = self._live.get(reply["requestId"])
        if request is None or request.reply is not None or not request.is_expected(reply):
            return []
        if not request.may_be_confirmed(reply):
            return [self._end(reply["requestId"], request, reply)]
        request.reply = reply
        request.reply_until = now_millis + END_WAIT_MILLIS
        return []

    def tick(self, now_millis):
        """What the passing of time brings: call it a few times a second."""
        events = []
        for request_id, request in list(self._live.items()):
            if request.reply is not None and request.reply_until <= now_millis:
                events.append(self._end(request_id, request, request.reply))
            elif request.deadline <= now_millis:
                del self._live[request_id]
                events.append(Abandoned(request_id))
        for request_id in [key for key, deadline in self._ended.items() if deadline <= now_millis]:
            del self._ended[request_id]
        return events

    def _end(self, request_id, request, reply):
        del self._live[request_id]
        self._ended[request_id] = request.deadline
        if len(self._ended) > self._bounds.remembered:
            self._ended.popitem(last=False)
        return Ended(request_id, reply, request.replaces(reply))
