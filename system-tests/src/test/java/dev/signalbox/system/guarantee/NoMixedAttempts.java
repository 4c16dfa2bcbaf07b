package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEnd;
import dev.signalbox.schemas.avro.TokenChunk;
import dev.signalbox.schemas.client.ReplyEvent;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * G4: an attempt's chunks on the topic have no gap and are what its END says; what a reader shows is of one attempt at a
 * time, and what stands at the end unreplaced is the answering attempt's whole text.
 */
public final class NoMixedAttempts implements Watcher {
    private final Map<String, Map<AttemptId, Published>> published = new HashMap<>();
    private final Map<String, Map<String, Screen>> screens = new HashMap<>();
    private final List<Kept> kept = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();

    /** What a reader shows after the end without having replaced it. */
    private record Kept(String reader, String requestId, Optional<AttemptId> answeredBy, String text) {
    }

    private static final class Published {
        final MessageDigest digest = RequestHash.sha256();
        final StringBuilder text = new StringBuilder();
        int next;
        boolean ended;
    }

    /** What a reader sees of one request. */
    private static final class Screen {
        final StringBuilder text = new StringBuilder();
        final List<AttemptId> attempts = new ArrayList<>();
    }

    @Override
    public String name() {
        return "G4 no mixed attempts";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Chunk(TokenChunk chunk) -> published(chunk);
            case RunEvent.Shown(String reader, ReplyEvent shown) -> shown(reader, shown);
            case RunEvent.Acknowledged _,RunEvent.Replied _,RunEvent.DeadLetter _,RunEvent.Attempt _,RunEvent.Committed _,RunEvent.Printed _ ->
                {
                }
        }
    }

    private void published(TokenChunk chunk) {
        Published attempt = published.computeIfAbsent(chunk.getRequestId(), any -> new HashMap<>())
                .computeIfAbsent(chunk.getAttempt(), any -> new Published());
        if (chunk.getSeq() < attempt.next || (attempt.ended && chunk.getSeq() == attempt.next)) {
            return;
        }
        ChunkEnd end = chunk.getEnd();
        if (chunk.getSeq() > attempt.next || attempt.ended) {
            broken.add("chunk " + chunk.getSeq() + " of " + place(chunk) + " where " + attempt.next + " was next"
                    + (attempt.ended ? ", after END" : ""));
        } else if (end != null) {
            attempt.ended = true;
            if (end.getChunks() != attempt.next
                    || !end.getHash().equals(RequestHash.hex(attempt.digest.digest()))) {
                broken.add("END of " + place(chunk) + " does not account for its chunks");
            }
        } else {
            attempt.next++;
            attempt.text.append(chunk.getDelta());
            attempt.digest.update(chunk.getDelta().getBytes(StandardCharsets.UTF_8));
        }
    }

    private void shown(String reader, ReplyEvent shown) {
        Screen screen = screens.computeIfAbsent(reader, any -> new HashMap<>())
                .computeIfAbsent(shown.requestId(), any -> new Screen());
        switch (shown) {
            case ReplyEvent.TextAppended(TokenChunk chunk) -> {
                screen.text.append(chunk.getDelta());
                if (!screen.attempts.contains(chunk.getAttempt())) {
                    screen.attempts.add(chunk.getAttempt());
                }
                if (screen.attempts.size() > 1) {
                    broken.add(reader + " shows text of two attempts for " + shown.requestId());
                }
            }
            case ReplyEvent.Restarted _ -> {
                screen.text.setLength(0);
                screen.attempts.clear();
            }
            case ReplyEvent.Ended(var reply, boolean textReplaced) -> {
                AttemptId answeredBy = reply.getAnsweredBy();
                if (!textReplaced && !screen.text.isEmpty()) {
                    kept.add(new Kept(reader, shown.requestId(), Optional.ofNullable(answeredBy),
                            screen.text.toString()));
                }
            }
            case ReplyEvent.Abandoned _ -> {
            }
        }
    }

    @Override
    public List<String> violations() {
        Stream<String> untrue = kept.stream().filter(text -> !isWhole(text))
                .map(text -> text.reader + " keeps text for " + text.requestId + " that is not the answer's: "
                        + text.text.length() + " characters, answered by " + text.answeredBy);
        return Stream.concat(broken.stream(), untrue).limit(MOST).toList();
    }

    private boolean isWhole(Kept text) {
        return text.answeredBy.flatMap(
                attempt -> Optional.ofNullable(published.getOrDefault(text.requestId, Map.of()).get(attempt)))
                .filter(attempt -> attempt.ended && attempt.text.toString().equals(text.text)).isPresent();
    }

    private static String place(TokenChunk chunk) {
        return chunk.getRequestId() + ", attempt " + chunk.getAttempt();
    }
}
