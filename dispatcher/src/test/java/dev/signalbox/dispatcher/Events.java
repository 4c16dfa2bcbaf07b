package dev.signalbox.dispatcher;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.TokenUsage;

/** Attempt events for tests. */
public final class Events {
    private Events() {
    }

    public static AttemptEvent started(String deployment, String worker) {
        return AttemptEvent.newBuilder().setRequestId("request").setAttempt(new AttemptId(0, 1, 1, 7L))
                .setPhase(AttemptPhase.STARTED).setDeployment(deployment).setVendor("vendor").setModel("model")
                .setRequestedModel("model").setPool("main").setPriority("standard").setUseCase("support")
                .setTenant("acme").setEnvironment("test").setWorker(worker).setStreamed(true).build();
    }

    /** It asks for the turn to probe. */
    public static AttemptEvent claimed(String deployment, String worker) {
        AttemptEvent event = started(deployment, worker);
        event.setPhase(AttemptPhase.CLAIMED);
        return event;
    }

    public static AttemptEvent ended(String deployment, String worker, String outcome, long durationMillis) {
        AttemptEvent event = started(deployment, worker);
        event.setPhase(AttemptPhase.ENDED);
        event.setOutcome(outcome);
        event.setDurationMillis(durationMillis);
        return event;
    }

    /** A streamed answer. */
    public static AttemptEvent answered(String deployment, String worker, long firstTokenMillis, long durationMillis,
            long outputTokens) {
        AttemptEvent event = ended(deployment, worker, "ANSWERED", durationMillis);
        event.setTimeToFirstTokenMillis(firstTokenMillis);
        event.setUsage(TokenUsage.newBuilder().setInputTokens(10L).setOutputTokens(outputTokens).build());
        return event;
    }
}
