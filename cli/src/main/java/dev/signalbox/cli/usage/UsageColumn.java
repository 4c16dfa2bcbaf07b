package dev.signalbox.cli.usage;

import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.schemas.avro.UsageRecord;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A column of an export, the same in each format. Null is unknown.
 *
 * @param kind also says what type the value has
 */
record UsageColumn(String name, Kind kind, Function<UsageRecord, @Nullable Object> value) {

    /** What a column holds. */
    enum Kind {
        /** String. */
        TEXT,
        /** Long or Integer. */
        NUMBER,
        /** Long, ms since 1970. */
        TIME,
        /** Boolean. */
        FLAG,
        /** BigDecimal of at most 9 decimals. */
        MONEY
    }

    /** All, in their order; only ever added to at the end. */
    static final List<UsageColumn> ALL = List.of(
            of("event_id", Kind.TEXT, UsageRecord::getEventId),
            of("request_id", Kind.TEXT, UsageRecord::getRequestId),
            of("hop", Kind.NUMBER, ofAttempt(AttemptId::getHop)),
            of("epoch", Kind.NUMBER, ofAttempt(AttemptId::getEpoch)),
            of("attempt", Kind.NUMBER, ofAttempt(AttemptId::getNumber)),
            of("started", Kind.TIME, UsageRecord::getStartedMillis),
            of("ended", Kind.TIME, UsageRecord::getEndedMillis),
            of("environment", Kind.TEXT, UsageRecord::getEnvironment),
            of("tenant", Kind.TEXT, UsageRecord::getTenant),
            of("use_case", Kind.TEXT, UsageRecord::getUseCase),
            of("department", Kind.TEXT, UsageRecord::getDepartment),
            of("pool", Kind.TEXT, UsageRecord::getPool),
            of("priority", Kind.TEXT, UsageRecord::getPriority),
            of("requested_model", Kind.TEXT, UsageRecord::getRequestedModel),
            of("model", Kind.TEXT, UsageRecord::getModel),
            of("vendor", Kind.TEXT, UsageRecord::getVendor),
            of("region", Kind.TEXT, UsageRecord::getRegion),
            of("deployment", Kind.TEXT, UsageRecord::getDeployment),
            of("worker", Kind.TEXT, UsageRecord::getWorker),
            of("streamed", Kind.FLAG, UsageRecord::getStreamed),
            of("outcome", Kind.TEXT, UsageRecord::getOutcome),
            of("http_status", Kind.NUMBER, UsageRecord::getHttpStatus),
            of("input_tokens", Kind.NUMBER, ofTokens(TokenUsage::getInputTokens)),
            of("output_tokens", Kind.NUMBER, ofTokens(TokenUsage::getOutputTokens)),
            of("cached_input_tokens", Kind.NUMBER, ofTokens(TokenUsage::getCachedInputTokens)),
            of("cache_write_tokens", Kind.NUMBER, ofTokens(TokenUsage::getCacheWriteTokens)),
            of("reasoning_tokens", Kind.NUMBER, ofTokens(TokenUsage::getReasoningTokens)),
            of("estimated", Kind.FLAG, ofTokens(TokenUsage::getEstimated)),
            of("cost", Kind.MONEY, UsageRecord::getCost),
            of("price_version", Kind.TEXT, UsageRecord::getPriceVersion),
            of("duration_ms", Kind.NUMBER, UsageRecord::getDurationMillis),
            of("time_to_first_token_ms", Kind.NUMBER, UsageRecord::getTimeToFirstTokenMillis),
            of("prompt_template", Kind.TEXT,
                    usage -> usage.getPromptTemplate() == null ? null : usage.getPromptTemplate().getId()),
            of("prompt_template_version", Kind.TEXT,
                    usage -> usage.getPromptTemplate() == null ? null : usage.getPromptTemplate().getVersion()),
            of("experiment", Kind.TEXT, usage -> usage.getExperiment() == null ? null : usage.getExperiment().getId()),
            of("experiment_variant", Kind.TEXT,
                    usage -> usage.getExperiment() == null ? null : usage.getExperiment().getVariant()),
            of("lender", Kind.TEXT, UsageRecord::getLender));

    private static UsageColumn of(String name, Kind kind, Function<UsageRecord, @Nullable Object> value) {
        return new UsageColumn(name, kind, value);
    }

    private static Function<UsageRecord, @Nullable Object> ofAttempt(Function<AttemptId, @Nullable Object> value) {
        return usage -> value.apply(usage.getAttempt());
    }

    private static Function<UsageRecord, @Nullable Object> ofTokens(Function<TokenUsage, @Nullable Object> value) {
        return usage -> usage.getUsage() == null ? null : value.apply(usage.getUsage());
    }
}
