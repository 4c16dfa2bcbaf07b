package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.schemas.Amounts;
import dev.signalbox.workers.capacity.CapacityUse.Granted;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class LoansTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Map<String, Duration> LIMITS = Map.of("a", Duration.ofSeconds(5), "b", Duration.ofSeconds(9));
    /** Two calls of its own, two of a, one of b. */
    private static final Granted GRANTED = new Granted(calls(5), Map.of("a", calls(2), "b", calls(1)));

    private static final Set<String> BOTH = Set.of("a", "b");

    private final Loans loans = new Loans();
    private final List<Optional<Loan>> admitted = new ArrayList<>();

    private static Amounts calls(long calls) {
        return Amounts.NONE.with(Amounts.Kind.CALLS, calls);
    }

    private void admit(int count) {
        for (int i = 0; i < count; i++) {
            admitted.add(loans.admitted(GRANTED, calls(admitted.size() + 1), LIMITS, admitted.size() * SECOND));
        }
    }

    private List<String> lenders() {
        return admitted.stream().map(loan -> loan.map(Loan::lender).orElse("own")).toList();
    }

    private List<Boolean> calledBack() {
        return admitted.stream().map(loan -> loan.map(Loan::isCalledBack).orElse(false)).toList();
    }

    @Test
    void callsBeyondThePoolsOwnPartAreEachAttributedToALender() {
        admit(5);
        assertThat(lenders()).containsExactly("own", "own", "a", "a", "b");
        assertThat(loans.from("a")).isEqualTo(2);
        loans.ended(admitted.get(2).orElseThrow());
        assertThat(loans.from("a")).isEqualTo(1);
    }

    @Test
    void aCallThatStartsWhenOneOfItsOwnHasEndedIsItsOwn() {
        admit(4);
        assertThat(loans.admitted(GRANTED, calls(4), LIMITS, 0)).as("3 ran on, 2 of them on loan").isEmpty();
    }

    @Test
    void onlyWhatIsMissingIsCalledBackAndTheOldestFirst() {
        admit(5);
        loans.callBack(1, BOTH, 6 * SECOND);
        assertThat(calledBack()).as("none has had its time").containsOnly(false);
        loans.callBack(0, BOTH, 100 * SECOND);
        assertThat(calledBack()).as("nobody wants anything back").containsOnly(false);
        loans.callBack(1, Set.of("b"), 8 * SECOND);
        assertThat(calledBack()).as("other workers of the pool got it, a does not want it").containsOnly(false);
        loans.callBack(1, BOTH, 8 * SECOND);
        assertThat(calledBack()).containsExactly(false, false, true, false, false);
        loans.callBack(1, BOTH, 8 * SECOND);
        assertThat(calledBack()).as("the first is about to end").containsExactly(false, false, true, false, false);
        loans.callBack(3, BOTH, 8 * SECOND);
        assertThat(calledBack()).as("b lends for longer").containsExactly(false, false, true, true, false);
        loans.callBack(3, BOTH, 13 * SECOND);
        assertThat(calledBack()).containsExactly(false, false, true, true, true);
    }

    @Test
    void whatCountsByMinuteIsAttributedAndNotCalledBack() {
        Granted minute = new Granted(new Amounts(0, 100, 0, 0), Map.of("a", new Amounts(0, 40, 0, 0)));
        assertThat(loans.admitted(minute, new Amounts(0, 60, 0, 0), LIMITS, 0)).isEmpty();
        Loan loan = loans.admitted(minute, new Amounts(0, 61, 0, 0), LIMITS, 0).orElseThrow();
        assertThat(loan.lender()).isEqualTo("a");
        loans.callBack(10, BOTH, 100 * SECOND);
        assertThat(loan.isCalledBack()).isFalse();
    }
}
