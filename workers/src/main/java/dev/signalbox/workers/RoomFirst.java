package dev.signalbox.workers;

import dev.signalbox.config.DeploymentName;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.ReplyRoom;
import dev.signalbox.workers.scheduler.RequestTask;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * A request that begins only while its reply topic takes replies. While it does not, the request's turn ends before it has
 * taken or called anything: it waits in the topic's room, which offers it anew. Once begun, it is not held up any more.
 */
final class RoomFirst implements RequestTask {
    private static final Step AT_ONCE = new Step.Again(Duration.ZERO);

    private final RequestTask path;
    private final ReplyRoom room;
    private final LongSupplier overMillis;
    private boolean begun;
    private boolean heldUp;

    /** @param overMillis nobody awaits the reply of a request that expired before it, on the broker's clock */
    RoomFirst(RequestTask path, ReplyRoom room, LongSupplier overMillis) {
        this.path = path;
        this.room = room;
        this.overMillis = overMillis;
    }

    @Override
    public InboundRequest request() {
        return path.request();
    }

    @Override
    public String route() {
        return path.route();
    }

    @Override
    public Set<DeploymentName> deployments() {
        return path.deployments();
    }

    @Override
    public Optional<byte[]> history() {
        return path.history();
    }

    @Override
    public OptionalLong usedTokens() {
        return path.usedTokens();
    }

    @Override
    public Readiness ask() {
        heldUp = !begun && room.isFull(request());
        return heldUp ? Readiness.READY : path.ask();
    }

    @Override
    public Step run() {
        if (heldUp) {
            begun = room.admits(request(), overMillis.getAsLong());
            return begun ? AT_ONCE : Step.ENDED;
        }
        begun = true;
        return path.run();
    }

    @Override
    public void forgotten() {
        path.forgotten();
    }
}
