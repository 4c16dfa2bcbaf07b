package dev.signalbox.system.scenario;

import dev.signalbox.simulator.meter.CallRecord;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/**
 * When calls ran, as their vendors saw them. Wall clock, ms since 1970.
 *
 * @param calls those that have ended, by their beginning
 */
record CallSpans(List<CallRecord> calls) {
    /** Beginnings are whole milliseconds: who begins when another one ends does not run beside it. */
    private static final long ROUNDING_MILLIS = 5;

    CallSpans {
        calls = calls.stream().sorted(Comparator.comparingLong(CallRecord::startedMillis)).toList();
    }

    CallSpans only(Predicate<CallRecord> picked) {
        return new CallSpans(calls.stream().filter(picked).toList());
    }

    /** Of those requests whose ids begin so. */
    CallSpans of(String prefix) {
        return only(call -> call.requestId().startsWith(prefix));
    }

    int count() {
        return calls.size();
    }

    long firstStart() {
        return calls.getFirst().startedMillis();
    }

    long lastStart() {
        return calls.getLast().startedMillis();
    }

    long firstEnd() {
        return calls.stream().mapToLong(CallSpans::end).min().orElseThrow();
    }

    /** Most calls that ran at once. */
    long mostAtOnce() {
        return calls.stream().mapToLong(each -> runningAt(each.startedMillis())).max().orElse(0);
    }

    private long runningAt(long millis) {
        return calls.stream().filter(call -> call.startedMillis() <= millis && millis < end(call)).count();
    }

    /** What part of so many calls at once was used from the first call's beginning to the last one's. */
    double used(int atOnce) {
        long until = lastStart();
        double busy = calls.stream().mapToLong(
                call -> Math.min(until, call.startedMillis() + Math.round(call.durationMillis()))
                        - call.startedMillis())
                .sum();
        return busy / ((double) atOnce * (until - firstStart()));
    }

    private static long end(CallRecord call) {
        return call.startedMillis() + Math.round(call.durationMillis()) - ROUNDING_MILLIS;
    }
}
