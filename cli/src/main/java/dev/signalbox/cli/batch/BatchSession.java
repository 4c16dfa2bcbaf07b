package dev.signalbox.cli.batch;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.cli.Installation;
import dev.signalbox.cli.KafkaTrouble;
import dev.signalbox.cli.Shell;
import dev.signalbox.cli.Terminal;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ClaimReference;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.claim.ClaimException;
import dev.signalbox.schemas.claim.ClaimStores;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.ReplyAssembler;
import dev.signalbox.schemas.client.ReplyListener;
import dev.signalbox.schemas.client.ReplyReader;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.workers.claim.ConfiguredClaims;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.config.admin.AdminListener;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.KafkaException;

/** One run of a batch against an installation, from its state over what earlier tries left to the summary. */
final class BatchSession {
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(10);
    /** Replies that were published while draining arrive within this time of quiet. */
    private static final long QUIET_MILLIS = 500;

    /**
     * What the user asked for.
     *
     * @param retryFailed whether failures of earlier runs are sent again
     * @param all whether other batches' leftovers run too
     */
    record Settings(RequestOptions defaults, int window, Optional<BigDecimal> maxCost, Optional<Duration> deadline,
            boolean retryFailed, boolean all) {
    }

    private final Terminal terminal;
    private final Shell shell;
    private final Installation installation;
    private final RunStates states;
    private final BatchSource source;
    private final BatchCheck.Result checked;
    private final BatchCommand.Output output;
    private final Placements placements;
    private final Settings settings;

    BatchSession(Terminal terminal, Shell shell, Installation installation, RunStates states, BatchSource source,
            BatchCheck.Result checked, BatchCommand.Output output, Placements placements, Settings settings) {
        this.terminal = terminal;
        this.shell = shell;
        this.installation = installation;
        this.states = states;
        this.source = source;
        this.checked = checked;
        this.output = output;
        this.placements = placements;
        this.settings = settings;
    }

    /** @param before what the output held when it was read */
    ExitCode run(JournalContents before) throws IOException, InterruptedException {
        String cluster = installation.clients().clusterId();
        try (TopicScan scan = new TopicScan(installation.clients())) {
            Optional<RunState> earlier = output.exists()
                    ? states.ofOutput(output.identity()).filter(state -> state.cluster().equals(cluster))
                    : Optional.empty();
            RunState state = prepare(scan, cluster, earlier);
            OpenLines open = OpenLines.of(before, state.retryFailed());
            tellOfOthers(cluster, state);
            try (Journal journal = openJournal()) {
                states.save(state);
                return execute(scan, state, earlier.isPresent(), open, before, journal);
            }
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, installation.clients().bootstrapServers());
        }
    }

    private Journal openJournal() {
        Path file = output.file();
        ResultForm form = ResultForm.of(checked.format());
        return file == null
                ? Journal.to(form, terminal.out(), output.errors())
                : Journal.open(form, file, output.errors());
    }

    private void tellOfOthers(String cluster, RunState state) throws IOException {
        if (installation.isEmbedded()) {
            HeldBatches.tell(terminal, states.dataFolder(), installation.clients(), cluster,
                    Set.of(state.id()), settings.all());
        }
    }

    /** The run's state, which knows from where to look for it in every topic that it may use. */
    private RunState prepare(TopicScan scan, String cluster, Optional<RunState> earlier) {
        Set<String> requestTopics = new TreeSet<>();
        checked.plan().groups().keySet().forEach(group -> requestTopics.add(group.lane().requestTopic()));
        Map<String, Long> requestEnds = scan.ends(requestTopics);
        Map<String, Long> replyEnds = scan.ends(Set.of(Topics.REPLIES));
        requireTopics(requestTopics, requestEnds, replyEnds);
        if (earlier.isPresent()) {
            RunState known = earlier.get();
            requestEnds.putAll(known.requestOffsets());
            return new RunState(known.id(), source.identity(), known.output(), cluster, known.startedAt(),
                    known.retryFailed() || settings.retryFailed(), false, requestEnds, known.replyOffsets());
        }
        return new RunState(UUID.randomUUID().toString(), source.identity(), output.identity(), cluster,
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), settings.retryFailed(), false, requestEnds,
                replyEnds);
    }

    private void requireTopics(Set<String> requestTopics, Map<String, Long> requestEnds, Map<String, Long> replyEnds) {
        List<String> missing = new ArrayList<>();
        for (String topic : requestTopics) {
            if (!requestEnds.containsKey(topic + "-0")) {
                missing.add(topic);
            }
        }
        if (replyEnds.isEmpty()) {
            missing.add(Topics.REPLIES);
        }
        if (!missing.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, "Kafka at " + installation.clients().bootstrapServers()
                    + " has no topic " + String.join(", ", missing)
                    + "; create what the configuration needs with: signalbox topics apply");
        }
    }

    private ExitCode execute(TopicScan scan, RunState state, boolean resumed, OpenLines open, JournalContents before,
            Journal journal) throws IOException, InterruptedException {
        RequestIds ids = new RequestIds(state.id());
        Backlog backlog = new Backlog(source, open, settings.defaults(), ids, placements.maxMessageBytes());
        Map<String, Backlog.Queued> queued = resumed ? backlog.queued(scan, state) : Map.of();
        int total = checked.ids().size() - open.finished().cardinality();
        BatchStats stats = new BatchStats(total, millis());
        Outstanding outstanding = new Outstanding(Math.max(settings.window(), queued.size()));
        BitSet failed = (BitSet) before.failed().clone();
        Map<String, Object> properties = new HashMap<>(installation.clients().kafkaProperties());
        try (ClaimStores claims = ConfiguredClaims.open(placements.claims());
                RequestProducer producer = RequestProducer.open(properties, RequestProducerOptions.DEFAULT,
                        FailedSendListener.NONE, claims);
                ReplyReader reader = ReplyReader.open(properties, replies(), ReplyListener.NONE, claims)) {
            BatchRun run = new BatchRun(placements, settings.defaults(), ids, producer, reader, outstanding, stats,
                    settings.maxCost());
            JournalWriter writer = new JournalWriter(journal, stats, BatchSession::millis, failed, run::stop,
                    installation.clients().bootstrapServers());
            for (Map.Entry<String, Backlog.Queued> entry : queued.entrySet()) {
                await(entry.getKey(), entry.getValue(), outstanding, reader);
                open.finish(entry.getValue().request().line());
            }
            if (resumed) {
                backlog.answers(scan, state, queued, installation.clients(),
                        (id, reply) -> ended(outstanding, id, reply, claims));
            }
            if (resumed) {
                terminal.say("going on: " + (checked.ids().size() - total) + " of " + checked.ids().size()
                        + " were finished, " + queued.size() + " more had been sent and are not sent again");
            }
            if (installation.isEmbedded()) {
                Admission admission = settings.all() ? Admission.ALL : HeldBatches.admitting(Set.of(state.id()));
                installation.startWorker(HeldBatches.sparing(admission, backlog.answered()),
                        AdminListener.loopback());
            }
            drive(run, open, writer, stats, outstanding, scan, state);
            return finish(run, state, stats.snapshot(millis()), failed, outstanding, journal);
        }
    }

    private static void ended(Outstanding outstanding, String id, LlmReply reply, ClaimStores claims) {
        ClaimReference claim = reply.getBodyClaim();
        try {
            outstanding.ended(id, claim == null
                    ? reply
                    : LlmReply.newBuilder(reply).setBody(ByteBuffer.wrap(claims.get(claim))).build(), null);
        } catch (ClaimException e) {
            outstanding.ended(id, null, e);
        }
    }

    private static void await(String id, Backlog.Queued queued, Outstanding outstanding, ReplyReader reader)
            throws InterruptedException {
        if (!outstanding.awaitRoom(0)) {
            throw new IllegalStateException("the window is at least as large as the backlog");
        }
        outstanding.add(id, queued.request());
        var _ = reader.expect(new Expectation(id, queued.hash(), queued.timeToLive(), Expectation.Preview.NONE))
                .whenComplete((reply, trouble) -> outstanding.ended(id, reply, trouble));
    }

    private static ReplyReaderOptions replies() {
        return new ReplyReaderOptions(Set.of(Topics.REPLIES), Set.of(), new ReplyReaderOptions.Start.Latest(),
                ReplyReaderOptions.Scope.EXPECTED, ReplyAssembler.Bounds.DEFAULT);
    }

    /** Sends, journals and shows progress until all has ended or the run is stopped. */
    private void drive(BatchRun run, OpenLines open, JournalWriter writer, BatchStats stats, Outstanding outstanding,
            TopicScan scan, RunState state) throws IOException, InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        Thread journalist = Thread.ofPlatform().name("journal")
                .start(() -> run.journal(writer, () -> done.getCount() > 0));
        Thread timer = Thread.ofPlatform().daemon().name("deadline").start(() -> awaitDeadline(run, done));
        shell.onInterrupt(count -> interrupted(run, count, outstanding));
        try (KafkaWatch _ = KafkaWatch.start(installation.clients(), trouble -> run.stop(gone(trouble)));
                ProgressDisplay _ = new ProgressDisplay(terminal, placements.currency(),
                        () -> stats.snapshot(millis()))) {
            run.send(source, open);
            run.awaitReplies();
            if (installation.isEmbedded() && settings.all()) {
                HeldBatches.awaitAnswers(scan, states.dataFolder(), state, run, terminal);
            }
            if (run.stopped().isPresent()) {
                settle(run, outstanding);
            }
        } finally {
            done.countDown();
            journalist.join();
            timer.join();
        }
    }

    private static Stop gone(CommandFailure trouble) {
        return new Stop(trouble.exitCode(), trouble.lines(), false);
    }

    private void awaitDeadline(BatchRun run, CountDownLatch done) {
        if (settings.deadline().isEmpty()) {
            return;
        }
        try {
            if (!done.await(settings.deadline().get().toMillis(), TimeUnit.MILLISECONDS)) {
                run.stop(new Stop(ExitCode.DEADLINE, "the deadline passed", true));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void interrupted(BatchRun run, int count, Outstanding outstanding) {
        if (count == 1) {
            terminal.say("draining: no new calls; " + outstanding.size()
                    + " requests are on their way; Ctrl-C again quits at once");
            run.stop(new Stop(ExitCode.INTERRUPTED, "interrupted", true));
        } else {
            installation.quit();
            run.stop(new Stop(ExitCode.INTERRUPTED, "interrupted", false));
        }
    }

    /** After a stop: lets calls that run end, and takes the replies that they bring. */
    private void settle(BatchRun run, Outstanding outstanding) throws InterruptedException {
        if (!installation.isEmbedded()) {
            run.awaitRepliesAfterStop();
            return;
        }
        Thread drain = Thread.ofPlatform().daemon().name("drain").start(() -> installation.drainWorker(DRAIN_LIMIT));
        while (drain.isAlive() && run.awaitsReplies()) {
            drain.join(100);
        }
        int left = -1;
        while (run.awaitsReplies() && !outstanding.isEmpty() && left != outstanding.size()) {
            left = outstanding.size();
            outstanding.awaitChange(QUIET_MILLIS);
        }
    }

    private ExitCode finish(BatchRun run, RunState state, BatchStats.Snapshot end, BitSet failed,
            Outstanding outstanding, Journal journal) throws IOException {
        boolean complete = end.done() == end.total();
        if (complete) {
            journal.flush();
            if (state.retryFailed() && output.file() != null) {
                ErrorFile.tidy(output.errors(), checked.ids(), failed);
            }
            states.save(state.withEnded(true));
            if (output.file() == null) {
                states.forget(state);
            }
        }
        int earlier = checked.ids().size() - end.total();
        String errors = output.file() == null ? "standard output" : shown(output.errors());
        Summary.of(end, placements.currency(), earlier,
                output.file() == null ? "standard output" : shown(output.file()),
                errors).forEach(terminal::say);
        if (complete) {
            return failed.isEmpty() ? ExitCode.OK : ExitCode.SOME_FAILED;
        }
        Stop stop = run.stopped().orElse(new Stop(ExitCode.INTERRUPTED, "stopped", false));
        terminal.fault(stop.message() + ": " + (end.total() - end.done()) + " of " + end.total()
                + " are open, " + outstanding.size() + " of them sent"
                + (output.file() == null
                        ? "; standard output cannot be resumed"
                        : "; the same command goes on where it stopped"));
        return stop.exitCode();
    }

    private static String shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return path.startsWith(here) ? here.relativize(path).toString() : path.toString();
    }

    private static long millis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
    }
}
