"""Records in Avro with a schema registry, as Confluent's serializers write them: a zero byte, the schema's id, the record.

On the avro package (pip install avro, or Debian's python3-avro); the schemas are this repository's.
"""

import io
import json
import pathlib
import struct
import urllib.parse
import urllib.request

import avro.io
import avro.schema

SCHEMAS = pathlib.Path(__file__).parents[2] / "schemas" / "src" / "main" / "avro"


def schema_of(name, known=None):
    """The schema of that file, with those of other files that it names where each is named first."""
    known = set() if known is None else known

    def whole(part):
        if isinstance(part, str) and part not in known and (SCHEMAS / f"{part}.avsc").exists():
            return schema_of(part, known)
        if isinstance(part, list):
            return [whole(each) for each in part]
        if isinstance(part, dict):
            return {
                key: whole(value) if key in ("type", "items", "values", "fields") else value
                for key, value in part.items()
            }
        return part

    known.add(name)
    return whole(json.loads((SCHEMAS / f"{name}.avsc").read_text(encoding="utf-8")))


class AvroForm:
    """Like JsonForm: requests and replies are the same dicts, whatever the form."""

    headers = []

    def __init__(self, registry):
        self._registry = registry.rstrip("/")
        self._request = json.dumps(schema_of("LlmRequest"))
        self._parsed = avro.schema.parse(self._request)
        self._ids = {}
        self._readers = {}

    def encode(self, topic, request):
        if topic not in self._ids:
            subject = urllib.parse.quote(f"{topic}-value", safe="")
            self._ids[topic] = self._ask(f"/subjects/{subject}/versions", {"schema": self._request})["id"]
        record = {field.name: field.default for field in self._parsed.fields if field.has_default}
        record.update(request, body=json.dumps(request["body"]).encode("utf-8"))
        to = io.BytesIO()
        to.write(struct.pack(">bI", 0, self._ids[topic]))
        avro.io.DatumWriter(self._parsed).write(record, avro.io.BinaryEncoder(to))
        return to.getvalue()

    def decode(self, headers, value):
        """None for another caller's, in JSON."""
        if value[:1] != b"\0":
            return None
        _, schema_id = struct.unpack(">bI", value[:5])
        if schema_id not in self._readers:
            written = avro.schema.parse(self._ask(f"/schemas/ids/{schema_id}")["schema"])
            self._readers[schema_id] = avro.io.DatumReader(written)
        record = self._readers[schema_id].read(avro.io.BinaryDecoder(io.BytesIO(value[5:])))
        if record.get("body") is not None:
            record["body"] = json.loads(record["body"])
        return record

    def _ask(self, path, body=None):
        request = urllib.request.Request(
            self._registry + path,
            data=None if body is None else json.dumps(body).encode("utf-8"),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
