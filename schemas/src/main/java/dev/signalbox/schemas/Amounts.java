package dev.signalbox.schemas;

import dev.signalbox.schemas.avro.CapacityAmounts;
import java.util.Collection;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.function.ToLongFunction;

/**
 * An amount of each thing that a deployment limits. {@link #UNLIMITED} stands for no limit and stays what it is under every
 * operation that takes away from it.
 *
 * @param calls at once
 * @param requests that count in a minute
 * @param inputTokens as requests
 * @param outputTokens as requests
 */
public record Amounts(long calls, long requests, long inputTokens, long outputTokens) {
    public static final long UNLIMITED = Long.MAX_VALUE;
    public static final Amounts NONE = new Amounts(0, 0, 0, 0);

    /** What is limited, in the order of the fields. */
    public enum Kind {
        CALLS,
        REQUESTS,
        INPUT_TOKENS,
        OUTPUT_TOKENS
    }

    public Amounts {
        if (calls < 0 || requests < 0 || inputTokens < 0 || outputTokens < 0) {
            throw new IllegalArgumentException("an amount is negative");
        }
    }

    public long of(Kind kind) {
        return switch (kind) {
            case CALLS -> calls;
            case REQUESTS -> requests;
            case INPUT_TOKENS -> inputTokens;
            case OUTPUT_TOKENS -> outputTokens;
        };
    }

    public static Amounts ofEach(ToLongFunction<Kind> amount) {
        return new Amounts(amount.applyAsLong(Kind.CALLS), amount.applyAsLong(Kind.REQUESTS),
                amount.applyAsLong(Kind.INPUT_TOKENS), amount.applyAsLong(Kind.OUTPUT_TOKENS));
    }

    /** The same with another amount of one kind. */
    public Amounts with(Kind kind, long amount) {
        return new Amounts(kind == Kind.CALLS ? amount : calls, kind == Kind.REQUESTS ? amount : requests,
                kind == Kind.INPUT_TOKENS ? amount : inputTokens, kind == Kind.OUTPUT_TOKENS ? amount : outputTokens);
    }

    public Amounts plus(Amounts other) {
        return with(other, (a, b) -> a == UNLIMITED || b == UNLIMITED ? UNLIMITED : a + b);
    }

    /** What is left of it, nothing where the other one is more. */
    public Amounts minus(Amounts other) {
        return with(other, (a, b) -> a == UNLIMITED ? UNLIMITED : Math.max(0, a - b));
    }

    /** Of each the smaller one. */
    public Amounts min(Amounts other) {
        return with(other, Math::min);
    }

    /** Of each the larger one. */
    public Amounts max(Amounts other) {
        return with(other, Math::max);
    }

    /** @param part 0 to 1; rounded down */
    public Amounts times(double part) {
        return each(amount -> amount == UNLIMITED ? UNLIMITED : (long) Math.floor(amount * part + 1e-9));
    }

    /** @param part 0 to 1; rounded up */
    public Amounts atLeastTimes(double part) {
        return each(amount -> amount == UNLIMITED ? UNLIMITED : (long) Math.ceil(amount * part - 1e-9));
    }

    /** Whether none of it is more than of the other. */
    public boolean fitsIn(Amounts other) {
        return calls <= other.calls && requests <= other.requests && inputTokens <= other.inputTokens
                && outputTokens <= other.outputTokens;
    }

    public static Amounts of(CapacityAmounts said) {
        return new Amounts(said.getCalls(), said.getRequests(), said.getInputTokens(), said.getOutputTokens());
    }

    /** As it is told to other processes. */
    public CapacityAmounts told() {
        return new CapacityAmounts(calls, requests, inputTokens, outputTokens);
    }

    public static Amounts sum(Collection<Amounts> all) {
        return all.stream().reduce(NONE, Amounts::plus);
    }

    private Amounts with(Amounts other, LongBinaryOperator step) {
        return new Amounts(step.applyAsLong(calls, other.calls), step.applyAsLong(requests, other.requests),
                step.applyAsLong(inputTokens, other.inputTokens),
                step.applyAsLong(outputTokens, other.outputTokens));
    }

    private Amounts each(LongUnaryOperator step) {
        return new Amounts(step.applyAsLong(calls), step.applyAsLong(requests), step.applyAsLong(inputTokens),
                step.applyAsLong(outputTokens));
    }
}
