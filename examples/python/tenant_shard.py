"""Which partition a request goes to, so that a noisy tenant fills some partitions only: python3 tenant_shard.py [FILE]

As the Java client does it: a tenant's shard is the k partitions with the lowest murmur2 of "<tenant>/<partition>" (unsigned, ties: the
lower partition), and of these the request's id picks one. Run by itself it passes the test vectors; exit code 1 if one fails.
"""

import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).parents[2] / "schemas" / "src" / "main" / "resources" / "tenant-shard-vectors.json"
SHARD_PARTITIONS = 4
MASK = 0xFFFFFFFF


def murmur2(data):
    """Kafka's, of bytes; unsigned."""
    h = (0x9747B28C ^ len(data)) & MASK
    for at in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[at : at + 4], "little") * 0x5BD1E995 & MASK
        k = (k ^ k >> 24) * 0x5BD1E995 & MASK
        h = h * 0x5BD1E995 & MASK ^ k
    rest = data[len(data) - len(data) % 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & MASK
    h = (h ^ h >> 13) * 0x5BD1E995 & MASK
    return h ^ h >> 15


def shard(tenant, partitions, shard_partitions=SHARD_PARTITIONS):
    """The tenant's partitions of that many, the lowest hash first."""
    ranked = sorted(range(partitions), key=lambda each: (murmur2(f"{tenant}/{each}".encode("utf-8")), each))
    return ranked[:shard_partitions]


def partition(tenant, request_id, partitions, shard_partitions=SHARD_PARTITIONS):
    of = shard(tenant, partitions, shard_partitions)
    return of[(murmur2(request_id.encode("utf-8")) & 0x7FFFFFFF) % len(of)]


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    failed = 0
    for each in vectors:
        told = partition(each["tenant"], each["requestId"], each["partitions"], each["shardPartitions"])
        if told != each["partition"]:
            failed += 1
            print(f"FAILED {each}: {told}")
    print(f"{len(vectors) - failed} of {len(vectors)} vectors pass")
    return 1 if failed or not vectors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else VECTORS))
