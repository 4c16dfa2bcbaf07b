package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.Terminal;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.workers.intake.Admission;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * What interrupted batches left queued in the embedded broker: it is named, and not run unless the user asks, because it
 * costs money.
 */
public final class HeldBatches {
    private HeldBatches() {
    }

    /** Serves requests of no batch and of these; holds those of any other batch. */
    public static Admission admitting(Set<String> runIds) {
        return headers -> {
            Header batch = headers.lastHeader(dev.signalbox.schemas.Headers.BATCH);
            if (batch == null) {
                return Admission.Verdict.ADMIT;
            }
            String runId = new String(batch.value(), StandardCharsets.UTF_8);
            return runIds.contains(runId) ? Admission.Verdict.ADMIT : new Admission.Verdict.Hold(runId);
        };
    }

    /** The same, but what is answered already, by request id, is done; asked on the workers' threads. */
    static Admission sparing(Admission admission, IdTable answered) {
        return new Admission() {
            @Override
            public Verdict judge(Headers headers) {
                return admission.judge(headers);
            }

            @Override
            public Verdict judge(byte @Nullable [] key, Headers headers) {
                if (key == null || headers.lastHeader(dev.signalbox.schemas.Headers.BATCH) == null) {
                    return judge(headers);
                }
                synchronized (answered) {
                    return answered.line(new String(key, StandardCharsets.UTF_8)).isPresent()
                            ? new Verdict.Answered()
                            : judge(headers);
                }
            }
        };
    }

    /** Holds requests of these batches; serves all others. */
    public static Admission holding(Set<String> runIds) {
        return headers -> {
            Header batch = runIds.isEmpty() ? null : headers.lastHeader(dev.signalbox.schemas.Headers.BATCH);
            if (batch == null) {
                return Admission.Verdict.ADMIT;
            }
            String runId = new String(batch.value(), StandardCharsets.UTF_8);
            return runIds.contains(runId) ? new Admission.Verdict.Hold(runId) : Admission.Verdict.ADMIT;
        };
    }

    /** The runs of that folder and cluster that did not end. */
    public static Set<String> interrupted(Path data, String clusterId) throws IOException {
        return new RunStates(data).all().stream()
                .filter(state -> !state.ended() && state.cluster().equals(clusterId)).map(RunState::id)
                .collect(java.util.stream.Collectors.toUnmodifiableSet());
    }

    /**
     * Names what waits.
     *
     * @param except the run that is being gone on with
     * @param all whether it is going to be run
     */
    public static void tell(Terminal terminal, Path data, Clients clients, String clusterId, Set<String> except,
            boolean all) throws IOException {
        List<RunState> left = left(data, clusterId, except);
        if (left.isEmpty()) {
            return;
        }
        try (TopicScan scan = new TopicScan(clients)) {
            for (RunState state : left) {
                int waiting = Backlog.waiting(scan, state);
                if (waiting > 0) {
                    terminal.say(waiting + (waiting == 1 ? " request" : " requests") + " of " + shown(state)
                            + ", interrupted " + state.startedAt() + ", "
                            + (all
                                    ? "run now (--all)"
                                    : "wait in the broker; they run when you run that batch again, or with --all"));
                }
            }
        }
    }

    private static List<RunState> left(Path data, String clusterId, Set<String> except) throws IOException {
        List<RunState> left = new ArrayList<>(new RunStates(data).all());
        left.removeIf(state -> state.ended() || !state.cluster().equals(clusterId) || except.contains(state.id()));
        return left;
    }

    /**
     * Waits until all that they left is answered, or the run is stopped; the worker here must be serving it. A look at
     * Kafka takes longer the more there is to wait for, and so do the pauses between two looks.
     *
     * @param own the run that this is asked for, whose replies are awaited elsewhere
     */
    static void awaitAnswers(TopicScan scan, Path data, RunState own, BatchRun run, Terminal terminal)
            throws IOException, InterruptedException {
        boolean told = false;
        long pauseMillis = 0;
        while (!run.awaitStop(pauseMillis)) {
            long start = System.nanoTime();
            int waiting = 0;
            for (RunState state : left(data, own.cluster(), Set.of(own.id()))) {
                waiting += Backlog.waiting(scan, state);
            }
            if (waiting == 0) {
                return;
            }
            if (!told) {
                terminal.say("waiting for " + waiting + " answers of other batches (--all); they are in the broker "
                        + "when those batches are run again");
                told = true;
            }
            pauseMillis = Math.max(200, 5 * TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
        }
    }

    private static String shown(RunState state) {
        return state.input().startsWith("stdin:") ? "standard input" : state.input();
    }
}
