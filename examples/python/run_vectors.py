"""Runs the test vectors of the reader's rule over reply_rule.py: python3 run_vectors.py [FILE]. Exit code 1 if one fails."""

import json
import pathlib
import sys

from reply_rule import Abandoned, Appended, Assembler, Ended, Restarted

VECTORS = pathlib.Path(__file__).parents[2] / "schemas" / "src" / "main" / "resources" / "reader-vectors.json"


def as_json(event):
    if isinstance(event, Appended):
        return {"append": event.chunk.get("delta", "")}
    if isinstance(event, Restarted):
        return {"restart": event.attempt}
    if isinstance(event, Abandoned):
        return {"abandoned": True}
    assert isinstance(event, Ended)
    told = {"ended": event.reply["status"], "textReplaced": event.text_replaced}
    if event.reply.get("body") is not None:
        told["text"] = event.reply["body"]["text"]
    return told


def fault(vector):
    """What is wrong with the first step that differs; None if none does."""
    expect = vector["expect"]
    assembler = Assembler()
    assembler.expect(
        expect["requestId"], expect["requestHash"], expect["timeToLiveMillis"], expect["tokens"], 0
    )
    for number, step in enumerate(vector["steps"]):
        now = step["atMillis"]
        events = assembler.tick(now)
        if "chunk" in step:
            events += assembler.on_chunk(step["chunk"], now)
        if "reply" in step:
            events += assembler.on_reply(step["reply"], now)
        told = [as_json(event) for event in events]
        if told != step["events"]:
            return f"step {number}: told {told}, not {step['events']}"
    return None


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    failed = 0
    for vector in vectors:
        found = fault(vector)
        if found is not None:
            failed += 1
            print(f"FAILED {vector['name']}: {found}")
    print(f"{len(vectors) - failed} of {len(vectors)} vectors pass")
    return 1 if failed or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else VECTORS))
