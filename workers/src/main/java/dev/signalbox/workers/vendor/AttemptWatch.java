package dev.signalbox.workers.vendor;

import dev.signalbox.config.CallTimeouts;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.internal.http2.StreamResetException;
import org.jspecify.annotations.Nullable;

/**
 * The five limits of one attempt. The calling thread says how far it is; the timer's thread asks what is due and
 * cancels the call; times are the ticker's, in ns.
 *
 * <p>A token costs one write and no arming of anything: what is due follows from where the call stands.
 */
final class AttemptWatch extends EventListener {
    /** What ended a call. */
    enum Limit {
        CONNECT("connect"),
        FIRST_BYTE("first_byte"),
        FIRST_TOKEN("first_token"),
        TOKEN_GAP("token_gap"),
        TOTAL("total"),
        /** The request's own time was shorter than the deployment's total. */
        TIME_TO_LIVE("time to live"),
        /** Not by time: the caller wants no answer any more. */
        CANCELLED("cancelled");

        private final String label;

        Limit(String label) {
            this.label = label;
        }
    }

    private enum Phase {
        CONNECTING,
        AWAITING_RESPONSE,
        AWAITING_TOKEN,
        STREAMING,
        DELIVERING,
        READING_BODY
    }

    private final ConnectionAges ages;
    private final Runnable onSent;
    private final BooleanSupplier goesOn;
    private final LongSupplier nanoTicker;
    private final CallTimeouts timeouts;
    private final boolean streamed;
    private final Duration timeLeft;
    private final long startNanos;
    // As numbers: each running attempt is asked fifty times a second.
    private final long connectNanos;
    private final long firstByteNanos;
    private final long firstTokenNanos;
    private final long tokenGapNanos;
    private final long wholeNanos;
    private final Limit whole;
    private long connectionSinceNanos;
    private volatile boolean sent;
    private volatile Phase phase = Phase.CONNECTING;
    private volatile long lastTokenNanos;
    private volatile @Nullable Limit ranOut;
    private volatile @Nullable Call call;
    private volatile @Nullable Connection connection;

    /**
     * @param onSent told each time the request is written, on the calling thread
     * @param goesOn whether an answer is wanted still; asked on the timer's thread
     */
    AttemptWatch(CallTimeouts timeouts, boolean streamed, Duration timeLeft, long startNanos, ConnectionAges ages,
            Runnable onSent, BooleanSupplier goesOn, LongSupplier nanoTicker) {
        this.ages = ages;
        this.onSent = onSent;
        this.goesOn = goesOn;
        this.nanoTicker = nanoTicker;
        this.timeouts = timeouts;
        this.streamed = streamed;
        this.timeLeft = timeLeft;
        this.startNanos = startNanos;
        this.connectNanos = timeouts.connect().toNanos();
        this.firstByteNanos = timeouts.firstByte().toNanos();
        this.firstTokenNanos = timeouts.firstToken().toNanos();
        this.tokenGapNanos = timeouts.tokenGap().toNanos();
        this.whole = timeLeft.compareTo(timeouts.total()) < 0 ? Limit.TIME_TO_LIVE : Limit.TOTAL;
        this.wholeNanos = whole == Limit.TIME_TO_LIVE ? timeLeft.toNanos() : timeouts.total().toNanos();
    }

    /** From here on, that call is the one to cancel; one that comes too late is cancelled at once. */
    void guards(Call guarded) {
        call = guarded;
        if (ranOut != null) {
            guarded.cancel();
        }
    }

    @Override
    public void connectionAcquired(Call acquiring, Connection acquired) {
        phase = Phase.AWAITING_RESPONSE;
        connection = acquired;
        if (ranOut != null) {
            ConnectionAges.retire(acquired);
        }
        connectionSinceNanos = ages.acquired(acquired, nanoTicker.getAsLong());
    }

    @Override
    public void requestBodyEnd(Call sending, long byteCount) {
        sent = true;
        onSent.run();
    }

    /** Whether the vendor has the whole request. */
    boolean sent() {
        return sent;
    }

    /** The server says that it has not looked at what was sent. */
    void refused() {
        sent = false;
    }

    @Override
    public void connectionReleased(Call releasing, Connection released) {
        connection = null;
        ages.released(released, connectionSinceNanos, nanoTicker.getAsLong());
    }

    @Override
    public void requestFailed(Call failing, IOException failure) {
        brokeOff(failure);
    }

    @Override
    public void responseFailed(Call failing, IOException failure) {
        brokeOff(failure);
    }

    /** A reset that the server sent has ended the stream there too. */
    private void brokeOff(IOException failure) {
        if (!(failure instanceof StreamResetException)) {
            retireConnection();
        }
    }

    /**
     * Before this call's place on its connection is free: the client gives the place away before the server hears that
     * the stream is over, so the next one could be beyond the server's limit, which may cost all calls of the
     * connection. Those that are on it go on.
     */
    private void retireConnection() {
        Connection used = connection;
        if (used != null) {
            ConnectionAges.retire(used);
        }
    }

    /** The response's status and headers are there; from here on only an event stream is held to tokens. */
    void responded(boolean eventStream) {
        phase = eventStream ? Phase.AWAITING_TOKEN : Phase.READING_BODY;
    }

    /** Bytes were read and are being passed on; how long their taker holds us up is not the vendor's doing. */
    void delivering() {
        phase = Phase.DELIVERING;
    }

    /** What was read is passed on. */
    void delivered(boolean tokenSeen, boolean tokensEver, long nowNanos) {
        if (tokenSeen) {
            lastTokenNanos = nowNanos;
        }
        phase = tokensEver ? Phase.STREAMING : Phase.AWAITING_TOKEN;
    }

    /** Cancels the call if a limit has run out, or its caller has cancelled; from then on it stays so. */
    void check(long nowNanos) {
        Limit due = ranOut != null ? null : goesOn.getAsBoolean() ? due(nowNanos) : Limit.CANCELLED;
        if (due != null) {
            ranOut = due;
            // Read after the write, as guards() does the other way round: one of the two cancels.
            Call running = call;
            retireConnection();
            if (running != null) {
                running.cancel();
            }
        }
    }

    private @Nullable Limit due(long nowNanos) {
        long elapsed = nowNanos - startNanos;
        if (elapsed >= wholeNanos) {
            return whole;
        }
        return switch (phase) {
            case CONNECTING -> elapsed >= connectNanos ? Limit.CONNECT : awaited(elapsed);
            case AWAITING_RESPONSE -> awaited(elapsed);
            case AWAITING_TOKEN -> elapsed >= firstTokenNanos ? Limit.FIRST_TOKEN : null;
            case STREAMING -> nowNanos - lastTokenNanos >= tokenGapNanos ? Limit.TOKEN_GAP : null;
            case DELIVERING, READING_BODY -> null;
        };
    }

    private @Nullable Limit awaited(long elapsed) {
        if (elapsed >= firstByteNanos) {
            return Limit.FIRST_BYTE;
        }
        return streamed && elapsed >= firstTokenNanos ? Limit.FIRST_TOKEN : null;
    }

    /** The failure of a call that a limit ended; empty if none did. */
    Optional<AttemptFailure> failure() {
        Limit limit = ranOut;
        if (limit == null) {
            return Optional.empty();
        }
        if (limit == Limit.CANCELLED) {
            return Optional.of(AttemptFailure.of(FailureClass.CANCELLED, "the caller has cancelled the request"));
        }
        Duration allowed = switch (limit) {
            case CONNECT -> timeouts.connect();
            case FIRST_BYTE -> timeouts.firstByte();
            case FIRST_TOKEN -> timeouts.firstToken();
            case TOKEN_GAP -> timeouts.tokenGap();
            case TOTAL -> timeouts.total();
            case TIME_TO_LIVE -> timeLeft;
            case CANCELLED -> Duration.ZERO;
        };
        return Optional.of(AttemptFailure.of(
                limit == Limit.TIME_TO_LIVE ? FailureClass.DEADLINE : FailureClass.TIMEOUT,
                limit.label + " limit of " + allowed.toMillis() + " ms ran out"));
    }
}
