package dev.signalbox.cli.batch;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.Terminal;
import dev.signalbox.workers.intake.Admission;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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
        List<RunState> left = new ArrayList<>(new RunStates(data).all());
        left.removeIf(state -> state.ended() || !state.cluster().equals(clusterId) || except.contains(state.id()));
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

    private static String shown(RunState state) {
        return state.input().startsWith("stdin:") ? "standard input" : state.input();
    }
}
