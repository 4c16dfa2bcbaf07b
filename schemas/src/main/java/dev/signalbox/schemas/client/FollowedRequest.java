package dev.signalbox.schemas.client;

import dev.signalbox.schemas.AttemptOrder;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.ChunkEnd;
import dev.signalbox.schemas.avro.ChunkEndStatus;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TokenChunk;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is known of one request that has not ended; a part of {@link ReplyAssembler}. */
final class FollowedRequest {
    /** Beside the delta, what a held chunk costs, roughly. */
    private static final int CHUNK_OVERHEAD = 200;
    private static final int REPLY_OVERHEAD = 1_000;

    final Expectation expectation;
    private @Nullable AttemptId attempt;
    private MessageDigest digest = RequestHash.sha256();
    /** INVARIANT: all chunks of the attempt below it were shown, none above. */
    private int nextSeq;
    /** Chunks behind a gap. */
    private final TreeMap<Integer, TokenChunk> ahead = new TreeMap<>();
    private @Nullable ChunkEnd end;
    private boolean endAgrees;
    /** What was shown stands until a restart; false: there is nothing to replace. */
    private boolean shown;
    /** A gap with too much behind it: no more preview of this attempt. */
    private boolean previewLost;
    private @Nullable LlmReply reply;
    private long heldBytes;

    FollowedRequest(Expectation expectation) {
        this.expectation = expectation;
    }

    /** Bytes of held chunks and of a reply that waits. */
    long heldBytes() {
        return heldBytes;
    }

    @Nullable
    LlmReply reply() {
        return reply;
    }

    boolean isExpected(LlmReply candidate) {
        return expectation.requestHash().equals(Expectation.ANY_HASH)
                || expectation.requestHash().equals(candidate.getRequestHash());
    }

    /** @param room bytes that may be held yet */
    void onChunk(TokenChunk chunk, long room, List<ReplyEvent> events) {
        if (reply != null && !chunk.getAttempt().equals(reply.getAnsweredBy())) {
            return;
        }
        int order = attempt == null ? 1 : AttemptOrder.ASCENDING.compare(chunk.getAttempt(), attempt);
        if (order < 0 || chunk.getSeq() < 0) {
            return;
        }
        if (order > 0) {
            startAgain(chunk.getAttempt(), events);
        }
        if (previewLost || end != null || chunk.getSeq() < nextSeq || ahead.containsKey(chunk.getSeq())) {
            return;
        }
        if (chunk.getSeq() > nextSeq) {
            hold(chunk, room);
            return;
        }
        show(chunk, events);
        while (end == null && !ahead.isEmpty() && ahead.firstKey() == nextSeq) {
            TokenChunk next = ahead.pollFirstEntry().getValue();
            heldBytes -= size(next);
            show(next, events);
        }
    }

    private void startAgain(AttemptId higher, List<ReplyEvent> events) {
        if (shown) {
            events.add(new ReplyEvent.Restarted(expectation.requestId(), higher));
        }
        attempt = higher;
        digest = RequestHash.sha256();
        nextSeq = 0;
        dropAhead();
        end = null;
        endAgrees = false;
        shown = false;
        previewLost = false;
    }

    private void hold(TokenChunk chunk, long room) {
        if (size(chunk) > room) {
            dropAhead();
            previewLost = true;
            return;
        }
        ahead.put(chunk.getSeq(), chunk);
        heldBytes += size(chunk);
    }

    private void dropAhead() {
        ahead.values().forEach(chunk -> heldBytes -= size(chunk));
        ahead.clear();
    }

    private void show(TokenChunk chunk, List<ReplyEvent> events) {
        ChunkEnd closing = chunk.getEnd();
        if (closing != null) {
            end = closing;
            endAgrees = closing.getChunks() == nextSeq && RequestHash.hex(digest.digest()).equals(closing.getHash());
            return;
        }
        nextSeq++;
        digest.update(chunk.getDelta().getBytes(StandardCharsets.UTF_8));
        shown = true;
        events.add(new ReplyEvent.TextAppended(chunk));
    }

    /** Takes the terminal reply; from now on only its own attempt's chunks count. */
    void accept(LlmReply terminal) {
        reply = terminal;
        heldBytes += size(terminal);
    }

    /** Lets go of what it holds; the request has ended. */
    void release() {
        reply = null;
        dropAhead();
        heldBytes = 0;
    }

    static long size(LlmReply reply) {
        return REPLY_OVERHEAD + (long) (reply.getBody() == null ? 0 : reply.getBody().remaining());
    }

    private static long size(TokenChunk chunk) {
        return CHUNK_OVERHEAD + 2L * chunk.getDelta().length();
    }

    /** Whether the END of the answering attempt can still come and be of use. */
    boolean mayBeConfirmed(LlmReply terminal) {
        AttemptId answeredBy = terminal.getAnsweredBy();
        if (answeredBy == null || (expectation.preview() == Expectation.Preview.NONE && attempt == null)) {
            return false;
        }
        int order = attempt == null ? 1 : AttemptOrder.ASCENDING.compare(answeredBy, attempt);
        return order > 0 || (order == 0 && end == null && !previewLost);
    }

    /** Whether what was shown is the whole answer: the END of the answering attempt was read and agrees. */
    boolean isConfirmed(LlmReply terminal) {
        return attempt != null && attempt.equals(terminal.getAnsweredBy()) && end != null && endAgrees
                && (end.getStatus() == ChunkEndStatus.COMPLETE || terminal.getStatus() != ReplyStatus.COMPLETED);
    }

    /** In the reply itself, or in a store. */
    static boolean hasBody(LlmReply reply) {
        return reply.getBody() != null || reply.getBodyClaim() != null;
    }

    /** Whether the reader must show the reply's body (or nothing, where it has none) instead of what it shows. */
    boolean replaces(LlmReply terminal) {
        return !isConfirmed(terminal) && (shown || hasBody(terminal));
    }
}
