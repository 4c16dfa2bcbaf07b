package dev.signalbox.workers.router;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.Amounts.Kind;
import dev.signalbox.workers.capacity.CapacityUse.Granted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which calls of one pool at one deployment run on other pools' capacity: those that were admitted when the pool's own part of
 * its lease was in use. Each has one lender. While more runs than may and an owner wants its own back, the oldest of
 * those that have had the lender's {@code borrowed_call_limit} are called back, and no more than is missing. Bound: one for
 * each running call. A pure model, for one caller at a time; time is ns on a monotonic clock.
 */
final class Loans {
    private static final Duration LONGEST = Duration.ofHours(1);
    private final List<Loan> running = new ArrayList<>(0);

    /**
     * A call was admitted.
     *
     * @param granted what the lease gives the pool
     * @param inUse what counts, the call included
     * @param limits how long a call on what each pool lent may take, by pool
     * @return what it borrows; empty: it runs on the pool's own
     */
    Optional<Loan> admitted(Granted granted, Amounts inUse, Map<String, Duration> limits, long nowNanos) {
        if (granted.borrowed().isEmpty()) {
            return Optional.empty();
        }
        Amounts borrowed = Amounts.sum(granted.borrowed().values());
        for (Kind kind : Kind.values()) {
            if (borrowed.of(kind) > 0) {
                long own = Math.max(0, granted.leased().of(kind) - borrowed.of(kind));
                long counts = inUse.of(kind) - (kind == Kind.CALLS ? ofCalls() : 0);
                if (counts > own) {
                    String lender = lender(granted, kind);
                    Loan loan = new Loan(lender, kind == Kind.CALLS,
                            nowNanos + limits.getOrDefault(lender, LONGEST).toNanos());
                    running.add(loan);
                    return Optional.of(loan);
                }
            }
        }
        return Optional.empty();
    }

    private long ofCalls() {
        return running.stream().filter(Loan::isOfCalls).count();
    }

    /** Whoever has most of it left; of equals the first by name. */
    private String lender(Granted granted, Kind kind) {
        String best = "";
        long most = Long.MIN_VALUE;
        for (String lender : granted.borrowed().keySet().stream().sorted().toList()) {
            long lent = Optional.ofNullable(granted.borrowed().get(lender)).orElse(Amounts.NONE).of(kind);
            long left = kind == Kind.CALLS ? lent - from(lender) : lent;
            if (lent > 0 && left > most) {
                best = lender;
                most = left;
            }
        }
        return best;
    }

    /** Calls that run on that pool's capacity. */
    int from(String lender) {
        int count = 0;
        for (Loan loan : running) {
            count += loan.lender().equals(lender) ? 1 : 0;
        }
        return count;
    }

    /** Its call has ended. */
    void ended(Loan loan) {
        running.remove(loan);
    }

    /**
     * @param excess calls that run beyond what may
     * @param wantedBack pools that want what was borrowed of them back
     */
    void callBack(long excess, Set<String> wantedBack, long nowNanos) {
        long missing = excess;
        for (Loan loan : running) {
            missing -= loan.isCalledBack() ? 1 : 0;
        }
        for (Loan loan : running) {
            if (missing > 0 && wantedBack.contains(loan.lender()) && loan.mayBeCalledBack(nowNanos)) {
                loan.callBack();
                missing--;
            }
        }
    }
}
