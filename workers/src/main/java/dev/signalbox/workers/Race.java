package dev.signalbox.workers;

import dev.signalbox.schemas.avro.ChunkKind;
import dev.signalbox.schemas.avro.ToolCallStart;
import dev.signalbox.workers.router.VendorSignals;
import dev.signalbox.workers.vendor.TokenSink;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Two calls of one request, of which the first to give a token is the answer. A pure model; any thread.
 *
 * <p>INVARIANT: once one side has claimed it, no token of the other reaches its caller.
 */
final class Race {
    private final AtomicReference<State> state = new AtomicReference<>(State.ALONE);
    private final Side first = new Side(true);
    private final Side second = new Side(false);

    private enum State {
        /** The first call runs by itself. */
        ALONE,
        /** It gave a token, or ended, before there was a second one. */
        NEVER_OPENED,
        /** Both may run, and none has given a token. */
        OPEN,
        FIRST_WON,
        SECOND_WON,
        /** No answer is wanted any more. */
        OFF
    }

    /** What one of the two calls knows of the race. */
    final class Side {
        private final boolean isFirst;

        private Side(boolean isFirst) {
            this.isFirst = isFirst;
        }

        /** Whether its tokens are the answer's, now that it has one; the first to ask decides. */
        boolean claims() {
            return isFirst
                    ? state.compareAndSet(State.ALONE, State.NEVER_OPENED)
                            || state.compareAndSet(State.OPEN, State.FIRST_WON) || goesOn()
                    : state.compareAndSet(State.OPEN, State.SECOND_WON) || goesOn();
        }

        boolean goesOn() {
            return switch (Objects.requireNonNull(state.get())) {
                case ALONE, NEVER_OPENED, FIRST_WON -> isFirst;
                case OPEN -> true;
                case SECOND_WON -> !isFirst;
                case OFF -> false;
            };
        }

        /** Whether the other one was faster. */
        boolean isBeaten() {
            return state.get() == (isFirst ? State.SECOND_WON : State.FIRST_WON);
        }

        boolean isFirst() {
            return isFirst;
        }

        TokenSink racing(TokenSink next) {
            return new TokenSink() {
                @Override
                public void token(ChunkKind kind, int index, String delta, @Nullable ToolCallStart toolCall) {
                    if (claims()) {
                        next.token(kind, index, delta, toolCall);
                    }
                }

                @Override
                public void sent() {
                    next.sent();
                }

                @Override
                public void responded(Optional<VendorSignals> signals) {
                    next.responded(signals);
                }

                @Override
                public boolean goesOn() {
                    return Side.this.goesOn() && next.goesOn();
                }
            };
        }
    }

    Side first() {
        return first;
    }

    Side second() {
        return second;
    }

    /** A second call may begin now; false if the first one has given a token or ended. */
    boolean opens() {
        return state.compareAndSet(State.ALONE, State.OPEN);
    }

    /** The first call has ended: whether there is a second one, since none begins after this. */
    boolean hasSecond() {
        state.compareAndSet(State.ALONE, State.NEVER_OPENED);
        return state.get() != State.NEVER_OPENED;
    }

    boolean secondWon() {
        return state.get() == State.SECOND_WON;
    }

    /** Cuts a second call that has given nothing. */
    void leaveUndecided() {
        state.compareAndSet(State.OPEN, State.OFF);
    }

    /** Cuts whatever runs. */
    void off() {
        state.set(State.OFF);
    }
}
