package dev.signalbox.simulator.http;

import dev.signalbox.simulator.fault.Fault.Ending;
import dev.signalbox.simulator.language.ByteWriter;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.language.Rendering;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.script.Script;
import dev.signalbox.simulator.script.Step;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.impl.ConnectionBase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Does a script's steps on one connection. What is due at the same time goes out in one write. */
final class ScriptPlayer implements Runnable {
    private static final int FILLER_SLICE = 64 * 1024;
    private static final byte[] SPACES = " ".repeat(FILLER_SLICE).getBytes(StandardCharsets.US_ASCII);

    private final List<Step> steps;
    private final CallOutcome outcome;
    private final @Nullable Rendering rendering;
    private final HttpConnection connection;
    private final HttpServerResponse response;
    private final Pacer pacer;
    private final Progress progress;
    private long dueNanos;
    private int next;
    private long fillerSent;
    private boolean over;

    /** Who counts what this player does. */
    interface Progress {
        void answered(int status);

        void sent(int tokens);

        /** Called once. */
        void ended(CallOutcome outcome);
    }

    /** @param rendering null for a script without pieces */
    ScriptPlayer(Script script, @Nullable Rendering rendering, HttpConnection connection, HttpServerResponse response,
            Pacer pacer, Progress progress) {
        this.steps = script.steps();
        this.outcome = script.outcome();
        this.rendering = rendering;
        this.connection = connection;
        this.response = response;
        this.pacer = pacer;
        this.progress = progress;
    }

    void start() {
        dueNanos = pacer.now();
        response.closeHandler(gone -> end(CallOutcome.CLIENT_CLOSED));
        run();
    }

    @Override
    public void run() {
        ByteWriter out = null;
        int tokens = 0;
        while (!over && next < steps.size()) {
            Step step = steps.get(next);
            switch (step) {
                case Step.Head head -> head(head);
                case Step.Piece piece -> {
                    out = out == null ? new ByteWriter(1024) : out;
                    Objects.requireNonNull(rendering, "a piece of nothing").piece(piece.index(), out);
                    tokens++;
                }
                case Step.Bytes bytes -> {
                    tokens += bytes.tokens();
                    if (steps.get(next + 1) instanceof Step.End && out == null) {
                        count(tokens);
                        next++;
                        end(bytes.bytes());
                        tokens = 0;
                    } else {
                        out = (out == null ? new ByteWriter(Math.max(1024, bytes.bytes().length)) : out)
                                .put(bytes.bytes());
                    }
                }
                case Step.End ending -> {
                    count(tokens);
                    tokens = 0;
                    end(out == null ? new byte[0] : out.toBytes());
                    out = null;
                }
                case Step.Pause pause -> {
                    dueNanos += pause.nanos();
                    next++;
                    if (dueNanos - pacer.now() > 0) {
                        write(out, tokens);
                        pacer.at(dueNanos, this);
                        return;
                    }
                    continue;
                }
                case Step.Filler filler -> {
                    write(out, tokens);
                    out = null;
                    tokens = 0;
                    if (!fill(filler)) {
                        return;
                    }
                }
                case Step.Disconnect disconnect -> {
                    write(out, tokens);
                    disconnect(disconnect.how());
                    return;
                }
            }
            next++;
        }
    }

    private void head(Step.Head head) {
        progress.answered(head.status());
        if (head.status() != 200) {
            response.setStatusCode(head.status());
        }
        MultiMap headers = response.headers();
        for (Header header : head.headers()) {
            headers.add(header.name(), header.value());
        }
        if (head.contentLength() < 0) {
            response.setChunked(true);
        } else {
            headers.add("content-length", Long.toString(head.contentLength()));
        }
    }

    private void write(@Nullable ByteWriter out, int tokens) {
        count(tokens);
        if (out != null) {
            response.write(buffer(out.toBytes()));
        } else if (next > 1 && !response.headWritten() && steps.get(next - 2) instanceof Step.Head) {
            response.writeHead();
        }
    }

    private void count(int tokens) {
        if (tokens > 0) {
            progress.sent(tokens);
        }
    }

    private static Buffer buffer(byte[] bytes) {
        return BufferInternal.buffer(Unpooled.wrappedBuffer(bytes));
    }

    /** False if the caller reads slowly: then this player runs again when there is room. */
    private boolean fill(Step.Filler filler) {
        while (fillerSent < filler.bytes()) {
            if (response.writeQueueFull()) {
                response.drainHandler(room -> run());
                return false;
            }
            int slice = (int) Math.min(FILLER_SLICE, filler.bytes() - fillerSent);
            response.write(BufferInternal.buffer(Unpooled.wrappedBuffer(SPACES, 0, slice)));
            fillerSent += slice;
        }
        return true;
    }

    private void end(byte[] last) {
        end(outcome);
        response.end(buffer(last));
    }

    private void end(CallOutcome how) {
        if (!over) {
            over = true;
            progress.ended(how);
        }
    }

    /** The connection is over whether or not its closing goes well. */
    @SuppressWarnings("FutureReturnValueIgnored")
    private void disconnect(Ending how) {
        end(outcome);
        ChannelHandlerContext context = channel();
        if (how == Ending.RST) {
            context.channel().config().setOption(ChannelOption.SO_LINGER, 0);
            context.channel().close();
        } else {
            // Behind what is still to be written.
            context.pipeline().firstContext().writeAndFlush(Unpooled.EMPTY_BUFFER)
                    .addListener(ChannelFutureListener.CLOSE);
        }
    }

    private ChannelHandlerContext channel() {
        return ((ConnectionBase) connection).channelHandlerContext();
    }
}
