package dev.signalbox.system.guarantee;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * G1: no committed offset passes a request without a terminal reply. Whoever watches a live run asks for the committed
 * offsets first, reads requests and replies to their ends then, and tells of the commits last: a reply is acknowledged
 * before its request may be committed, so it must be there.
 */
public final class CommittedNeverPassesPending implements Watcher {
    private final Map<String, TreeMap<Long, String>> pending = new HashMap<>();
    private final Map<String, Set<String>> places = new HashMap<>();
    private final Set<String> done = new HashSet<>();
    private final List<String> broken = new ArrayList<>();

    @Override
    public String name() {
        return "G1 committed never passes pending";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Acknowledged request -> pending
                    .computeIfAbsent(request.partition(), any -> new TreeMap<>())
                    .put(request.offset(), request.requestId() + " " + request.requestHash());
            case RunEvent.Replied(var reply) -> done.add(reply.getRequestId() + " " + reply.getRequestHash());
            case RunEvent.DeadLetter(String partition, long offset) ->
                places.computeIfAbsent(partition, any -> new HashSet<>()).add(Long.toString(offset));
            case RunEvent.Committed(String partition, long offset) -> committed(partition, offset);
            case RunEvent.Chunk _,RunEvent.Attempt _,RunEvent.Shown _,RunEvent.Printed _ -> {
            }
        }
    }

    private void committed(String partition, long committed) {
        var below = pending.getOrDefault(partition, new TreeMap<>()).headMap(committed);
        Set<String> deadLetters = places.getOrDefault(partition, Set.of());
        below.forEach((offset, request) -> {
            if (!done.contains(request) && !deadLetters.contains(Long.toString(offset))) {
                broken.add("committed offset " + committed + " of " + partition + " passes pending " + offset);
            }
        });
        below.clear();
    }

    @Override
    public List<String> violations() {
        return broken.stream().limit(MOST).toList();
    }
}
