package dev.signalbox.dispatcher.usage;

import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.UsageRecord;
import org.jspecify.annotations.Nullable;

/** Usage records, from the events of a call's start and end. */
final class CallUsage {
    /** The outcome of a call whose end was never reported. */
    static final String UNPAIRED = "UNPAIRED";

    private CallUsage() {
    }

    /** {@code <request id>/<hop>.<epoch>.<number>.<source in hex>}: one vendor call, whoever tells of it how often. */
    static String eventId(AttemptEvent event) {
        AttemptId attempt = event.getAttempt();
        return event.getRequestId() + "/" + attempt.getHop() + "." + attempt.getEpoch() + "." + attempt.getNumber()
                + "." + Long.toHexString(attempt.getSource());
    }

    /** Of a call that has begun: what stands if no more is ever heard of it. */
    static UsageRecord begun(AttemptEvent started, String eventId, long startedMillis) {
        UsageRecord usage = new UsageRecord();
        usage.setEventId(eventId);
        usage.setRequestId(started.getRequestId());
        usage.setAttempt(started.getAttempt());
        usage.setStartedMillis(startedMillis);
        usage.setDeployment(started.getDeployment());
        usage.setVendor(started.getVendor());
        usage.setRegion(started.getRegion());
        usage.setModel(started.getModel());
        usage.setRequestedModel(started.getRequestedModel());
        usage.setPool(started.getPool());
        usage.setPriority(started.getPriority());
        usage.setUseCase(started.getUseCase());
        usage.setTenant(started.getTenant());
        usage.setDepartment(started.getDepartment());
        usage.setEnvironment(started.getEnvironment());
        usage.setWorker(started.getWorker());
        usage.setStreamed(started.getStreamed());
        usage.setOutcome(UNPAIRED);
        usage.setSupersedes(false);
        usage.setPromptTemplate(started.getPromptTemplate());
        usage.setExperiment(started.getExperiment());
        usage.setLender(started.getLender());
        return usage;
    }

    /**
     * Of a call that has ended.
     *
     * @param startedMillis when it began, if that was seen; else that is reckoned from the end and the call's length
     * @param endedMillis when the end was appended
     * @param supersedes whether a record that called it unpaired was published
     */
    static UsageRecord ended(AttemptEvent ended, String eventId, @Nullable Long startedMillis, long endedMillis,
            boolean supersedes) {
        Long duration = ended.getDurationMillis();
        long started = startedMillis == null ? endedMillis - (duration == null ? 0 : duration) : startedMillis;
        UsageRecord usage = begun(ended, eventId, started);
        usage.setEndedMillis(endedMillis);
        usage.setOutcome(ended.getOutcome() == null ? "UNKNOWN" : ended.getOutcome());
        usage.setSupersedes(supersedes);
        usage.setHttpStatus(ended.getHttpStatus());
        usage.setUsage(ended.getUsage());
        usage.setCost(ended.getCost());
        usage.setPriceVersion(ended.getPriceVersion());
        usage.setDurationMillis(duration);
        usage.setTimeToFirstTokenMillis(ended.getTimeToFirstTokenMillis());
        return usage;
    }
}
