package dev.signalbox.workers;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.vendor.TokenSink;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes an attempt's tokens on to its caller; and to the permits, at once, how far its call is: written, answered by a head,
 * its first token, and about each second how many more tokens have come. A call whose caller has cancelled does not go on.
 */
final class PermittedChannel implements TokenSink {
    private static final long TOLD_EACH_NANOS = 1_000_000_000L;
    /** Of text that is dense in tokens; fewer are told than came, the call's end tells the rest. */
    private static final int CHARS_PER_TOKEN = 6;

    private final AnswerChannel channel;
    private final Permits permits;
    private final Permit permit;
    private final UnderWay underWay;
    private final BooleanSupplier mayBeCut;
    private final long startedNanos;
    private final LongSupplier nanos;
    private boolean tokenSeen;
    private long deltas;
    private long chars;
    private long told;
    private long toldNanos;
    private volatile boolean loanEnded;

    /** @param mayBeCut asked on any thread: whether the call may be cut when its capacity's owner wants that back */
    PermittedChannel(AnswerChannel channel, Permits permits, Permit permit, UnderWay underWay,
            BooleanSupplier mayBeCut, long startedNanos, LongSupplier nanos) {
        this.channel = channel;
        this.permits = permits;
        this.permit = permit;
        this.underWay = underWay;
        this.mayBeCut = mayBeCut;
        this.startedNanos = startedNanos;
        this.nanos = nanos;
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        if (!tokenSeen) {
            tokenSeen = true;
            toldNanos = nanos.getAsLong();
            permits.firstToken(permit, toldNanos - startedNanos);
        }
        count(delta);
        channel.token(kind, index, delta, toolCall);
    }

    private void count(String delta) {
        if (delta.isEmpty()) {
            return;
        }
        deltas++;
        chars += delta.length();
        long now = nanos.getAsLong();
        if (now - toldNanos >= TOLD_EACH_NANOS) {
            long seen = Math.max(deltas, chars / CHARS_PER_TOKEN);
            permits.given(permit, seen - told);
            told = seen;
            toldNanos = now;
        }
    }

    @Override
    public void sent() {
        permits.sent(permit);
    }

    @Override
    public void responded(Optional<VendorSignals> signals) {
        permits.responded(permit, signals);
    }

    @Override
    public boolean goesOn() {
        boolean wanted = underWay.goesOn(startedNanos);
        if (wanted && permit.isCalledBack() && mayBeCut.getAsBoolean()) {
            loanEnded = true;
            return false;
        }
        return wanted;
    }

    /** Whether the call was cut for the capacity that it ran on. */
    boolean loanEnded() {
        return loanEnded;
    }

    /** Whether any token has come. */
    boolean tokenSeen() {
        return tokenSeen;
    }
}
