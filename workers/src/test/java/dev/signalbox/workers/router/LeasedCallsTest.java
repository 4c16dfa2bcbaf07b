package dev.signalbox.workers.router;

import static dev.signalbox.workers.TestConfiguration.MODEL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Amounts;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.capacity.CapacityUse;
import dev.signalbox.workers.capacity.Lease;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.PermitDesk.Answer.Busy;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Leases as ceilings of what a worker's calls may use, and what of its calls it asks leases for. */
@Tag("issue-6")
class LeasedCallsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Duration TTL = Duration.ofSeconds(6);
    private static final Duration DRAIN = Duration.ofSeconds(60);
    private static final PoolName HIGH = new PoolName("high");
    private static final PoolName LOW = new PoolName("low");
    private static final DeploymentName NAME = DeploymentName.parse("a.x/m");
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());

    private final Configuration configuration = configuration("sequence: [a.x]");
    private final PermitDesk desk = new PermitDesk(configuration, new SplittableRandom(1));
    private long now = 100 * SECOND;

    /** Of ten calls at once and 10,000 output tokens a minute the higher pool has six tenths, and may borrow the rest. */
    private static Configuration configuration(String strategy) {
        String yaml = """
                environment: test
                pools:
                  high: { use_cases: [talk], priorities: [standard], borrows_from: [low] }
                  low: { use_cases: [otherwise], priorities: [standard] }
                deployments:
                  a.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: x, limits: { concurrency: 10, output_tokens_per_minute: 10000 }, pools: { high: 60%%, low: 40%% } }
                  b.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: x }
                routes:
                  m: { test: { otherwise: { %s } } }
                """
                .formatted(strategy);
        return read(yaml);
    }

    private static Configuration read(String yaml) {
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of("k"))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }

    private Answer ask(PermitDesk at, PoolName pool, int outputTokens) {
        return at.ask(new RoutingQuery(pool, MODEL, "any", List.of(),
                new RoutingQuery.Needs(false, false, false, 10, OptionalInt.of(outputTokens), Map.of()),
                LocalDate.EPOCH, 1), CallAsk.FIRST, null, now);
    }

    private Answer ask(PoolName pool, int outputTokens) {
        return ask(desk, pool, outputTokens);
    }

    private int admitted(PoolName pool) {
        int admitted = 0;
        while (ask(pool, 10) instanceof Granted) {
            admitted++;
        }
        return admitted;
    }

    private static Amounts amounts(long calls, long outputTokens) {
        return new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, outputTokens);
    }

    private boolean grant(long no, Amounts high, Amounts low) {
        Amounts borrowed = high.minus(amounts(6, 6_000));
        return desk.granted(NAME, new Lease(1, no, desk.demanded(NAME, now), false, TTL, DRAIN,
                Map.of("high", high, "low", low)),
                Map.of("high", new CapacityUse.Granted(high, Map.of("low", borrowed), Set.of("low"), 100), "low",
                        new CapacityUse.Granted(low, Map.of())),
                now);
    }

    private CapacityUse use(int waiting) {
        return desk.capacity(NAME, Map.of(HIGH, waiting), now);
    }

    private Deployment deployment() {
        return Objects.requireNonNull(configuration.deployments().get(NAME));
    }

    @Test
    void whileNobodyGrantsAWorkerHasItsPartitionsPartOfEachPoolsOwn() {
        desk.share(HIGH, 0.5);
        desk.share(LOW, 0);
        assertThat(admitted(HIGH)).isEqualTo(3);
        assertThat(ask(LOW, 10)).as("none now, and not never").isInstanceOf(Busy.class);
    }

    @Test
    void aLeaseIsWhatMayBeUsedAndMayBeMoreOrLessThanTheShare() {
        desk.share(HIGH, 0.5);
        desk.share(LOW, 0.5);
        assertThat(grant(1, amounts(9, 9_000), amounts(1, 1_000))).isTrue();
        assertThat(admitted(HIGH)).isEqualTo(9);
        assertThat(admitted(LOW)).isEqualTo(1);
        assertThat(desk.limits(deployment(), HIGH, now).concurrency()).isEqualTo(9);
        assertThat(desk.granted(deployment(), HIGH, now).leased().calls()).isEqualTo(9);
        assertThat(desk.granted(deployment(), HIGH, now).borrowed()).containsEntry("low",
                amounts(9, 9_000).minus(amounts(6, 6_000)));
        now += TTL.toNanos() / 2;
        assertThat(use(0).leased()).isTrue();
        now += TTL.toNanos() / 2;
        assertThat(desk.granted(deployment(), HIGH, now)).isEqualTo(CapacityUse.Granted.NOTHING);
        assertThat(desk.limits(deployment(), HIGH, now).concurrency()).as("half of 3, the safe share").isEqualTo(1);
        assertThat(use(0).leased()).isFalse();
    }

    @Test
    void othersLeasesTakeTheShareOfWhoNeverHadOne() {
        desk.share(HIGH, 0.5);
        desk.grantedElsewhere(NAME, new Lease(1, 1, 7, false, TTL, DRAIN, Map.of()), now - 60 * SECOND, now);
        assertThat(ask(HIGH, 10)).isInstanceOf(Busy.class);
        now += 6 * SECOND;
        assertThat(admitted(HIGH)).as("the safe share, when they are over").isEqualTo(1);
    }

    @Test
    void aRequestThatTheWholePoolCouldServeWaitsForALease() {
        desk.share(HIGH, 0.1);
        assertThat(ask(HIGH, 9_000)).as("with what may be borrowed").isInstanceOf(Busy.class);
        assertThat(ask(HIGH, 10_001)).isInstanceOf(Answer.Nowhere.class);
        assertThat(ask(LOW, 4_001)).as("nobody lends to it").isInstanceOf(Answer.Nowhere.class);
        assertThat(use(1).pools().getFirst().largest()).isEqualTo(new Amounts(1, 1, 10, 9_000));
        grant(1, amounts(1, 9_000), Amounts.NONE);
        assertThat(ask(HIGH, 9_000)).isInstanceOf(Granted.class);
    }

    @Test
    void aDemandSaysWhatCallsUseAndWhatThoseThatWereRefusedNeed() {
        desk.share(HIGH, 0.5);
        desk.share(LOW, 0);
        for (int i = 0; i < 3; i++) {
            assertThat(ask(HIGH, 100)).isInstanceOf(Granted.class);
        }
        assertThat(ask(HIGH, 200)).isInstanceOf(Busy.class);
        assertThat(use(4).pools()).hasSize(1);
        now += 2 * SECOND;
        CapacityUse.OfPool high = use(4).pools().getFirst();
        assertThat(high.pool()).isEqualTo("high");
        assertThat(high.ownedPart()).isEqualTo(0.5);
        assertThat(high.mayUse()).isEqualTo(amounts(3, 3_000));
        assertThat(high.inUse()).isEqualTo(new Amounts(3, 0, 0, 300));
        assertThat(high.wanted()).isEqualTo(new Amounts(7, 4, 40, 1_100));
        assertThat(high.largest()).isEqualTo(new Amounts(1, 1, 10, 200));
        assertThat(high.oldestWaitMillis()).isEqualTo(2_001);
        assertThat(use(0).pools().getFirst().oldestWaitMillis()).isZero();
        assertThat(use(0).pools().getFirst().wanted()).isEqualTo(new Amounts(3, 0, 0, 300));
    }

    @Test
    void aDemandSaysHowOftenTheVendorRefusedCallsForTheirRate() {
        desk.share(HIGH, 0.5);
        desk.share(LOW, 0.5);
        assertThat(use(0).throttlings()).isZero();
        List<Permit> together = List.of(((Granted) ask(HIGH, 10)).permit(), ((Granted) ask(LOW, 10)).permit(),
                ((Granted) ask(HIGH, 10)).permit());
        now += SECOND;
        refuse(together.getFirst());
        refuse(together.getLast());
        assertThat(use(0).throttlings()).as("both ran already").isEqualTo(1);
        refuse(together.get(1));
        assertThat(use(0).throttlings()).as("of another pool's limits").isEqualTo(2);
        now += 2 * SECOND;
        refuse(((Granted) ask(HIGH, 10)).permit());
        assertThat(use(0).throttlings()).isEqualTo(3);
        assertThat(use(0).answers()).isZero();
    }

    @Test
    void aDemandSaysHowManyCallsTheVendorAnsweredThatItLetInSinceItRefusedOne() {
        List<Permit> early = List.of(((Granted) ask(HIGH, 10)).permit(), ((Granted) ask(HIGH, 10)).permit(),
                ((Granted) ask(HIGH, 10)).permit());
        now += SECOND;
        answer(early.getFirst());
        assertThat(use(0).answers()).isEqualTo(1);
        refuse(early.get(1));
        answer(early.getLast());
        assertThat(use(0).answers()).as("let in before").isEqualTo(1);
        now += 2 * SECOND;
        answer(((Granted) ask(HIGH, 10)).permit());
        assertThat(use(0).answers()).isEqualTo(2);
    }

    private void answer(Permit permit) {
        desk.ended(permit, USED, new CallLesson.Answered(10, SECOND), now);
    }

    private void refuse(Permit permit) {
        desk.ended(permit, USED, new CallLesson.Failed(CallLesson.Blame.RATE, Optional.empty()), now);
    }

    @Test
    void whoIsLetInEndsTheWaitOfAll() {
        desk.share(HIGH, 1.0 / 6);
        Permit permit = ((Granted) ask(HIGH, 10)).permit();
        assertThat(ask(HIGH, 10)).isInstanceOf(Busy.class);
        assertThat(use(2).pools().getFirst().oldestWaitMillis()).isEqualTo(1);
        now += 5 * SECOND;
        assertThat(use(2).pools().getFirst().oldestWaitMillis()).isEqualTo(5_001);
        desk.ended(permit, USED, new CallLesson.Answered(10, 0), now);
        assertThat(ask(HIGH, 10)).isInstanceOf(Granted.class);
        assertThat(use(1).pools().getFirst().oldestWaitMillis()).isEqualTo(1);
    }

    @Test
    void whatWentElsewhereForWantOfRoomIsWantedForAMoment() {
        PermitDesk two = new PermitDesk(configuration("sequence: [a.x, b.x]"), new SplittableRandom(1));
        two.share(HIGH, 1.0 / 6);
        assertThat(ask(two, HIGH, 10)).isInstanceOf(Granted.class);
        assertThat(ask(two, HIGH, 10)).isInstanceOf(Granted.class);
        assertThat(ask(two, HIGH, 10)).isInstanceOf(Granted.class);
        assertThat(two.capacity(NAME, Map.of(), now).pools().getFirst().wanted().calls()).isEqualTo(3);
        now += 3 * SECOND;
        assertThat(two.capacity(NAME, Map.of(), now).pools().getFirst().wanted().calls()).isEqualTo(1);
    }

    /** `borrowed_call_limit` of low is 60 s by default. */
    @Test
    void aCallOnBorrowedCapacityIsCalledBackWhenItHadItsTimeAndItsOwnerWantsThat() {
        desk.share(HIGH, 0.5);
        desk.share(LOW, 0.5);
        assertThat(grant(1, amounts(8, 8_000), amounts(2, 2_000))).isTrue();
        List<Permit> permits = new ArrayList<>();
        while (ask(HIGH, 10) instanceof Granted granted) {
            permits.add(granted.permit());
        }
        assertThat(permits.stream().map(permit -> permit.lender().orElse("own")).toList()).containsExactly("own", "own",
                "own", "own", "own", "own", "low", "low");
        now += 10 * SECOND;
        assertThat(grant(2, amounts(7, 7_000), amounts(2, 2_000))).isTrue();
        use(1);
        assertThat(permits).as("their time is not up").noneMatch(Permit::isCalledBack);
        now += 50 * SECOND;
        assertThat(grant(3, amounts(7, 7_000), amounts(2, 2_000))).isTrue();
        use(1);
        assertThat(permits.stream().filter(Permit::isCalledBack)).as("as many as are missing").containsExactly(
                permits.get(6));
        desk.ended(permits.get(6), USED, CallLesson.NOTHING, now);
        use(1);
        assertThat(permits.get(7).isCalledBack()).isFalse();
    }

    /** Every call is the same; `ptu` is reserved and dearer by the list than `od`. */
    private static final String TWO_KINDS = """
            environment: test
            pools:
              high: { use_cases: [otherwise], priorities: [standard] }
            deployments:
              od.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: x, limits: { concurrency: 10 }, pools: high }
              ptu.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: x, limits: { concurrency: 10 }, pools: high, throughput: provisioned }
            routes:
              m: { test: { otherwise: { cheapest: [od.x, ptu.x] } } }
            prices:
              deployments:
                od.x/m: { input_per_million: 1, output_per_million: 1 }
                ptu.x/m: { input_per_million: 50, output_per_million: 50 }
            """;

    private boolean grantCalls(PermitDesk at, DeploymentName name, long no, long calls) {
        Amounts leased = new Amounts(calls, Amounts.UNLIMITED, Amounts.UNLIMITED, Amounts.UNLIMITED);
        return at.granted(name, new Lease(1, no, at.demanded(name, now), false, TTL, DRAIN, Map.of("high", leased)),
                Map.of("high", new CapacityUse.Granted(leased, Map.of())), now);
    }

    private List<String> places(PermitDesk at, int asked) {
        List<String> places = new ArrayList<>();
        for (int i = 0; i < asked; i++) {
            places.add(ask(at, HIGH, 10) instanceof Granted granted
                    ? granted.permit().deployment().name().place()
                    : "busy");
        }
        return places;
    }

    @Test
    void provisionedThroughputGoesFirstAndOnDemandTakesTheRest() {
        PermitDesk two = new PermitDesk(read(TWO_KINDS), new SplittableRandom(1));
        DeploymentName reserved = DeploymentName.parse("ptu.x/m");
        DeploymentName onDemand = DeploymentName.parse("od.x/m");
        assertThat(grantCalls(two, reserved, 1, 1)).isTrue();
        assertThat(grantCalls(two, onDemand, 1, 2)).isTrue();
        assertThat(places(two, 4)).containsExactly("ptu.x", "od.x", "od.x", "busy");
        assertThat(grantCalls(two, reserved, 2, 3)).isTrue();
        assertThat(places(two, 3)).as("its own lease is larger now").containsExactly("ptu.x", "ptu.x", "busy");
        assertThat(grantCalls(two, onDemand, 2, 3)).isTrue();
        assertThat(places(two, 2)).as("and now the other's").containsExactly("od.x", "busy");
    }

    private static final String OVERFLOWING = """
            environment: test
            pools:
              high: { use_cases: [otherwise], priorities: [standard] }
            deployments:
              a.x/m: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: x, limits: { concurrency: 10 }, pools: high }
              b.x/other: { vendor: openai, base_url: "http://127.0.0.1:1/v1", model_id: y }
            routes:
              m: { test: { otherwise: { sequence: [a.x], fallback_models: [{ model: other, overflow: 50% }] } } }
              other: { test: { otherwise: { sequence: [b.x] } } }
            """;

    /** Where a thousand requests go, the same ones each time: a place, or nowhere now. */
    private List<String> overflow(PermitDesk at) {
        SplittableRandom keys = new SplittableRandom(5);
        List<String> places = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Answer answer = at.ask(new RoutingQuery(HIGH, MODEL, "any", List.of(), RoutingQuery.Needs.NONE,
                    LocalDate.EPOCH, keys.nextLong()), CallAsk.FIRST, null, now);
            places.add(answer instanceof Granted granted ? granted.permit().deployment().name().toString() : "busy");
        }
        return places;
    }

    @Test
    void whileALeaseIsShortItsPartOfTheRequestsGoesToTheFallbackModel() {
        Configuration overflowing = read(OVERFLOWING);
        PermitDesk without = new PermitDesk(overflowing, new SplittableRandom(1));
        assertThat(grantCalls(without, NAME, 1, 0)).isTrue();
        List<String> places = overflow(without);
        assertThat(places).containsOnly("b.x/other", "busy");
        assertThat(Collections.frequency(places, "b.x/other")).isBetween(450, 550);

        PermitDesk other = new PermitDesk(overflowing, new SplittableRandom(2));
        assertThat(grantCalls(other, NAME, 1, 1)).isTrue();
        List<String> again = overflow(other);
        assertThat(again.getFirst()).as("what there is, is used").isEqualTo("a.x/m");
        assertThat(again.subList(1, 1_000)).as("the same requests each time").isEqualTo(places.subList(1, 1_000));

        assertThat(grantCalls(other, NAME, 2, 4)).isTrue();
        assertThat(overflow(other).subList(0, 4)).as("none while there is room").containsExactly("a.x/m", "a.x/m",
                "a.x/m", again.get(3));
    }
}
