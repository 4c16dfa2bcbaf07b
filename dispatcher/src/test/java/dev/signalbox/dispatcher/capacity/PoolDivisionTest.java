package dev.signalbox.dispatcher.capacity;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.capacity.PoolDivision.Share;
import dev.signalbox.schemas.Amounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-6")
class PoolDivisionTest {
    private static final long NO_LIMIT = Amounts.UNLIMITED;
    private static final Amounts ALL = new Amounts(NO_LIMIT, NO_LIMIT, NO_LIMIT, NO_LIMIT);

    private static Amounts calls(long calls) {
        return ALL.with(Amounts.Kind.CALLS, calls);
    }

    /** Requests of 100 input tokens that could be had at once. */
    private static Share share(String worker, long running, long waiting, double owned) {
        return share(worker, new Amounts(running, running, 100 * running, 0), waiting, 100, ALL, owned);
    }

    private static Share share(String worker, Amounts inUse, long waiting, long tokens, Amounts within, double owned) {
        return new Share(worker, inUse, inUse.plus(new Amounts(waiting, waiting, waiting * tokens, 0)),
                waiting == 0 ? Amounts.NONE : new Amounts(1, 1, tokens, 0), within, owned);
    }

    private static List<Long> calls(Amounts whole, Share... inTurn) {
        return PoolDivision.of(whole, List.of(inTurn)).values().stream().map(Amounts::calls).toList();
    }

    @Test
    void whatNobodyWantsIsSpreadByThePartitionsThatAreOwned() {
        assertThat(calls(calls(10), share("a", 2, 0, 0.5), share("b", 0, 0, 0.5))).containsExactly(6L, 4L);
    }

    @Test
    void aLimitOfTwoGivesTheTwoWhoWaitLongestOneRequestEach() {
        assertThat(calls(calls(2), share("c", 0, 60, 0.25), share("a", 0, 60, 0.25), share("b", 0, 60, 0.25),
                share("d", 0, 60, 0.25))).containsExactly(1L, 1L, 0L, 0L);
    }

    @Test
    void beyondOneRequestEachItGoesByNeed() {
        assertThat(calls(calls(11), share("a", 0, 91, 0.5), share("b", 0, 10, 0.5))).containsExactly(10L, 1L);
    }

    @Test
    void tokensGoWhereTheCallsGo() {
        Amounts whole = new Amounts(1, NO_LIMIT, 1_000, NO_LIMIT);
        Map<String, Amounts> parts = PoolDivision.of(whole, List.of(share("a", 0, 50, 0.5), share("b", 0, 50, 0.5)));
        assertThat(parts.get("a")).isEqualTo(new Amounts(1, NO_LIMIT, 1_000, NO_LIMIT));
        assertThat(parts.get("b")).isEqualTo(new Amounts(0, NO_LIMIT, 0, NO_LIMIT));
    }

    @Test
    void callsGoWhereTokensAreLeft() {
        Amounts whole = new Amounts(4, NO_LIMIT, 1_000, NO_LIMIT);
        Amounts spent = new Amounts(0, 5, 500, 0);
        Map<String, Amounts> parts = PoolDivision.of(whole, List.of(
                share("a", spent, 50, 100, spent, 0.5),
                share("b", Amounts.NONE, 50, 100, new Amounts(4, NO_LIMIT, 500, NO_LIMIT), 0.5)));
        assertThat(parts.get("b").calls()).as("a has no tokens for a call").isEqualTo(4);
    }

    @Test
    void aRequestThatIsLargerThanAWorkersShareIsCollectedForAndLeavesItsCallToOthersUntilThen() {
        Amounts whole = new Amounts(1, NO_LIMIT, 1_000, NO_LIMIT);
        Share large = share("a", Amounts.NONE, 1, 900, new Amounts(1, NO_LIMIT, 300, NO_LIMIT), 0.5);
        Share small = share("b", new Amounts(0, 7, 700, 0), 50, 20, ALL, 0.5);
        Map<String, Amounts> parts = PoolDivision.of(whole, List.of(large, small));
        assertThat(parts.get("a")).isEqualTo(new Amounts(0, NO_LIMIT, 900, NO_LIMIT));
        assertThat(parts.get("b").inputTokens()).isEqualTo(100);
        Share collected = share("a", Amounts.NONE, 1, 900, new Amounts(1, NO_LIMIT, 900, NO_LIMIT), 0.5);
        assertThat(PoolDivision.of(whole, List.of(collected, small)).get("a").calls()).isEqualTo(1);
    }

    @Test
    void thePartsNeverSumUpToMoreThanTheWholeAndLeaveNoCallThatIsWanted() {
        for (long seed = 1; seed <= 2_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Amounts whole = new Amounts(random.nextLong(random.nextBoolean() ? 5 : 500), NO_LIMIT,
                    random.nextLong(50_000), NO_LIMIT);
            List<Share> inTurn = new ArrayList<>();
            int workers = 1 + random.nextInt(8);
            for (int i = 0; i < workers; i++) {
                Amounts inUse = new Amounts(random.nextLong(20), random.nextLong(100), random.nextLong(5_000), 0);
                inTurn.add(share("w" + i, inUse, random.nextLong(50), 1 + random.nextLong(400), random.nextBoolean()
                        ? ALL
                        : inUse.plus(new Amounts(5, 5, random.nextLong(500), 0)), 1.0 / workers));
            }
            Amounts sum = Amounts.sum(PoolDivision.of(whole, inTurn).values());
            long wanted = inTurn.stream().mapToLong(share -> share.wanted().calls()).sum();
            assertThat(sum.fitsIn(whole)).as("seed %d", seed).isTrue();
            assertThat(sum.calls()).as("seed %d", seed).isGreaterThanOrEqualTo(Math.min(whole.calls(), wanted));
        }
    }
}
