package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.client.ReplyEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * G2: however often a reply was published, each reader ends each request once, and with the effective one: the first on
 * the topic whose hash is the one that was sent. Tell it the acknowledged requests before the replies.
 */
public final class EveryRequestEndsOnce implements Watcher {
    private final Map<String, String> hashes = new HashMap<>();
    private final Map<String, LlmReply> effective = new HashMap<>();
    private final Map<String, Map<String, LlmReply>> endings = new HashMap<>();
    private final List<String> broken = new ArrayList<>();

    @Override
    public String name() {
        return "G2 every request ends once";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Acknowledged request -> hashes.putIfAbsent(request.requestId(), request.requestHash());
            case RunEvent.Replied(LlmReply reply) -> {
                if (reply.getRequestHash().equals(hashes.get(reply.getRequestId()))) {
                    effective.putIfAbsent(reply.getRequestId(), reply);
                }
            }
            case RunEvent.Shown(String reader, ReplyEvent shown) -> shown(reader, shown);
            case RunEvent.DeadLetter _,RunEvent.Chunk _,RunEvent.Attempt _,RunEvent.Committed _,RunEvent.Printed _ -> {
            }
        }
    }

    private void shown(String reader, ReplyEvent shown) {
        Map<String, LlmReply> ended = endings.computeIfAbsent(reader, any -> new HashMap<>());
        if (ended.containsKey(shown.requestId())) {
            broken.add(reader + " was told of " + shown.requestId() + " after its end: "
                    + shown.getClass().getSimpleName());
        } else if (shown instanceof ReplyEvent.Ended(LlmReply reply, boolean _)) {
            ended.put(shown.requestId(), reply);
        }
    }

    @Override
    public List<String> violations() {
        List<String> all = new ArrayList<>(broken);
        endings.forEach((reader, ended) -> ended.forEach((id, reply) -> {
            @Nullable
            LlmReply first = effective.get(id);
            if (first != null && !first.equals(reply)) {
                all.add(reader + " ended " + id + " with " + reply.getStatus() + " of " + reply.getAnsweredBy()
                        + " instead of " + first.getStatus() + " of " + first.getAnsweredBy());
            }
        }));
        return all.stream().limit(MOST).toList();
    }
}
