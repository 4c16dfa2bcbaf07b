package dev.signalbox.workers;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.router.Permit;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.vendor.TokenSink;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Passes an attempt's tokens on to its caller, and what its headers and its first token teach to the permits, at once. */
final class PermittedChannel implements TokenSink {
    private final AnswerChannel channel;
    private final Permits permits;
    private final Permit permit;
    private final long startedNanos;
    private final LongSupplier nanos;
    private boolean tokenSeen;

    PermittedChannel(AnswerChannel channel, Permits permits, Permit permit, long startedNanos, LongSupplier nanos) {
        this.channel = channel;
        this.permits = permits;
        this.permit = permit;
        this.startedNanos = startedNanos;
        this.nanos = nanos;
    }

    @Override
    public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
        if (!tokenSeen) {
            tokenSeen = true;
            permits.firstToken(permit, nanos.getAsLong() - startedNanos);
        }
        channel.token(kind, index, delta, toolCall);
    }

    @Override
    public void signals(VendorSignals signals) {
        permits.heard(permit, signals);
    }

    /** Whether any token has come. */
    boolean tokenSeen() {
        return tokenSeen;
    }
}
