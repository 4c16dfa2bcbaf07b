package dev.signalbox.cli.batch;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.InvalidRequestException;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.RequestProducer;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * The second pass over the file: what is not finished is sent, at most a window ahead of its replies, and each end is
 * journalled. The caller's thread sends; a second one journals; replies come on the reader's.
 */
final class BatchRun {
    private static final long TICK_MILLIS = 100;

    private final Placements placements;
    private final RequestOptions defaults;
    private final RequestIds ids;
    private final RequestProducer producer;
    private final ReplyReader reader;
    private final Outstanding outstanding;
    private final BatchStats stats;
    private final Optional<BigDecimal> maxCost;
    private final List<Header> headers;
    private final AtomicReference<@Nullable Stop> stop = new AtomicReference<>();
    private final CountDownLatch stopping = new CountDownLatch(1);

    BatchRun(Placements placements, RequestOptions defaults, RequestIds ids, RequestProducer producer,
            ReplyReader reader, Outstanding outstanding, BatchStats stats, Optional<BigDecimal> maxCost) {
        this.placements = placements;
        this.defaults = defaults;
        this.ids = ids;
        this.producer = producer;
        this.reader = reader;
        this.outstanding = outstanding;
        this.stats = stats;
        this.maxCost = maxCost;
        this.headers = List.of(new RecordHeader(Headers.BATCH, ids.runId().getBytes(StandardCharsets.UTF_8)));
    }

    /** Sends no more. The first reason counts, but one that awaits no replies wins over one that does. */
    void stop(Stop reason) {
        stop.accumulateAndGet(reason, (old, fresh) -> old == null || (old.awaitsReplies() && fresh != null
                && !fresh.awaitsReplies()) ? fresh : old);
        stopping.countDown();
    }

    /** Waits that long for {@link #stop}; whether it came. */
    boolean awaitStop(long millis) throws InterruptedException {
        return stopping.await(millis, TimeUnit.MILLISECONDS);
    }

    Optional<Stop> stopped() {
        return Optional.ofNullable(stop.get());
    }

    /**
     * Sends the lines that are open, until the end or {@link #stop}.
     *
     * @param open which lines, and how often each was retried
     */
    void send(BatchSource source, OpenLines open) throws IOException, InterruptedException {
        try (LineReader lines = source.lines(placements.maxMessageBytes())) {
            while (lines.hasNext() && stop.get() == null) {
                LineReader.Line line = lines.next();
                if (open.isOpen(line.number())) {
                    sendWithRoom(parsed(source, line), open.retry(line.number()));
                }
            }
        }
    }

    private static BatchLine parsed(BatchSource source, LineReader.Line line) {
        if (LineParser.parse(line.number(), line.bytes()) instanceof LineParser.Request request) {
            return request.line();
        }
        throw new CommandFailure(ExitCode.INTERRUPTED, source.name() + ":" + line.number()
                + ": the file changed while it was being sent; restore it and run the same command again");
    }

    private void sendWithRoom(BatchLine line, int retry) throws InterruptedException {
        while (!outstanding.awaitRoom(TICK_MILLIS)) {
            if (stop.get() != null) {
                return;
            }
        }
        RequestOptions options = line.options().orElse(defaults);
        if (!(placements.place(line.shape().model(), RequestBuilder.useCase(options),
                RequestBuilder.priority(options)) instanceof Placements.Placed placed)) {
            outstanding.giveRoomBack();
            throw new CommandFailure(ExitCode.INTERRUPTED, "line " + line.number()
                    + ": the file changed while it was being sent; restore it and run the same command again");
        }
        String id = ids.of(line.customId(), line.body(), retry);
        BigDecimal cost = placed.price().map(price -> Placements.cost(price, line.shape().inputTokens(),
                line.shape().outputTokens())).orElse(BigDecimal.ZERO);
        if (exceedsMaxCost(cost)) {
            outstanding.giveRoomBack();
            stop(new Stop(ExitCode.INTERRUPTED, "--max-cost is reached; a higher one goes on", true));
            return;
        }
        outstanding.add(id, new Outstanding.Pending(line.number(), line.customId(), retry, cost));
        LlmRequest request = RequestBuilder.build(id, line, options);
        BiConsumer<@Nullable LlmReply, @Nullable Throwable> onEnd = (reply, trouble) -> outstanding.ended(id, reply,
                trouble);
        try {
            PreparedRequest prepared = producer.prepare(placed.lane(), request, headers);
            var _ = reader.expect(expectation(id, prepared.requestHash(), options)).whenComplete(onEnd);
            var _ = producer.send(prepared).whenComplete((sent, trouble) -> {
                if (trouble != null) {
                    outstanding.ended(id, null, trouble);
                }
            });
        } catch (InvalidRequestException | org.apache.kafka.common.KafkaException e) {
            outstanding.ended(id, null, e);
        }
    }

    private boolean exceedsMaxCost(BigDecimal cost) {
        synchronized (outstanding) {
            return maxCost.isPresent()
                    && stats.cost().add(outstanding.cost()).add(cost).compareTo(maxCost.get()) > 0;
        }
    }

    private static Expectation expectation(String id, String hash, RequestOptions options) {
        return new Expectation(id, hash, RequestBuilder.timeToLive(options), Expectation.Preview.NONE);
    }

    /** Journals ends until told otherwise and none are left; runs on a thread of its own. */
    void journal(JournalWriter writer, java.util.function.BooleanSupplier more) {
        try {
            while (true) {
                boolean last = !more.getAsBoolean();
                List<Outstanding.End> ends = outstanding.takeEnds(last ? 0 : TICK_MILLIS);
                if (last && ends.isEmpty()) {
                    return;
                }
                for (Outstanding.End end : ends) {
                    // A cost moves from the estimates to what was spent at one stroke: --max-cost counts each once.
                    synchronized (outstanding) {
                        journal(writer, end);
                    }
                }
                writer.flush();
            }
        } catch (IOException e) {
            stop(new Stop(ExitCode.INTERRUPTED, "the output cannot be written (" + e.getMessage()
                    + "); make room, then run the same command again", false));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void journal(JournalWriter writer, Outstanding.End end) throws IOException {
        Outstanding.Pending request = outstanding.remove(end.requestId());
        if (request == null) {
            return;
        }
        if (end.reply() != null) {
            writer.reply(request, end.reply());
        } else if (end.trouble() != null) {
            writer.trouble(request, end.requestId(), end.trouble());
        }
    }

    /** Whether replies to what was sent are still awaited. */
    boolean awaitsReplies() {
        Stop reason = stop.get();
        return reason == null || reason.awaitsReplies();
    }

    /** Waits until all that was sent has ended, or {@link #stop} comes. */
    void awaitReplies() throws InterruptedException {
        while (!outstanding.isEmpty() && stop.get() == null) {
            outstanding.awaitChange(TICK_MILLIS);
        }
    }

    /** Waits until all that was sent has ended, or {@link #stop} says not to. */
    void awaitRepliesAfterStop() throws InterruptedException {
        while (!outstanding.isEmpty() && awaitsReplies()) {
            outstanding.awaitChange(TICK_MILLIS);
        }
    }
}
