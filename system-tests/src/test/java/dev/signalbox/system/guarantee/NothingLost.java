package dev.signalbox.system.guarantee;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** G1: every acknowledged request has a terminal reply to it, or is a dead letter. Memory: an entry a request. */
public final class NothingLost implements Watcher {
    private final Map<String, RunEvent.Acknowledged> open = new LinkedHashMap<>();
    private final Set<String> answered = new HashSet<>();

    @Override
    public String name() {
        return "G1 nothing lost";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Acknowledged request -> open.put(place(request.partition(), request.offset()), request);
            case RunEvent.Replied(var reply) -> answered.add(reply.getRequestId() + " " + reply.getRequestHash());
            case RunEvent.DeadLetter(String partition, long offset) -> open.remove(place(partition, offset));
            case RunEvent.Chunk _,RunEvent.Attempt _,RunEvent.Shown _,RunEvent.Committed _,RunEvent.Printed _ -> {
            }
        }
    }

    @Override
    public List<String> violations() {
        return open.values().stream()
                .filter(request -> !answered.contains(request.requestId() + " " + request.requestHash()))
                .map(request -> "request " + request.requestId() + " of " + request.partition() + "@"
                        + request.offset() + " has neither reply nor dead letter")
                .limit(MOST).toList();
    }

    private static String place(String partition, long offset) {
        return partition + "@" + offset;
    }
}
