package dev.signalbox.workers.router;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.router.CallLesson.Blame;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.PermitDesk.Answer.Granted;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The permit desk under a configuration that changes. */
@Tag("issue-5")
class DeskBecomesTest {
    private static final long SECOND = 1_000_000_000L;
    private static final CallUse USED = new CallUse(CallUse.End.BY_VENDOR, OptionalLong.empty(), OptionalLong.empty());
    private static final CallLesson ANSWERED = new CallLesson.Answered(10, 0);
    private static final PoolName A = new PoolName("a");
    private static final PoolName B = new PoolName("b");

    private long now = 100 * SECOND;

    private static Configuration configuration(String pools, String deployments, String sequence) {
        return routed(pools, deployments, "sequence: [" + sequence + "]");
    }

    private static Configuration routed(String pools, String deployments, String strategy) {
        String yaml = """
                environment: test
                pools: { %s }
                deployments: { %s }
                routes: { m: { test: { otherwise: { %s } } } }
                """.formatted(pools, deployments, strategy);
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.of(name))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }

    private static final String ONE_POOL = "a: { use_cases: [otherwise], priorities: [standard] }";
    private static final String TWO_POOLS = ONE_POOL + ", b: { use_cases: [other], priorities: [standard] }";

    private static String deployment(String name, String more) {
        return "\"" + name + "\": { vendor: openai, base_url: \"http://127.0.0.1:1/v1\", model_id: x" + more + " }";
    }

    private static Configuration limited(String pools, String limitsAndShares) {
        return configuration(pools, deployment("p/m", limitsAndShares), "p");
    }

    private Answer ask(PermitDesk desk, PoolName pool) {
        return desk.ask(new RoutingQuery(pool, "m", "any", List.of(), RoutingQuery.Needs.NONE, LocalDate.EPOCH, 1),
                CallAsk.FIRST, null, now);
    }

    private List<Permit> take(PermitDesk desk, PoolName pool, int most) {
        List<Permit> taken = new ArrayList<>();
        while (taken.size() < most && ask(desk, pool) instanceof Granted granted) {
            taken.add(granted.permit());
        }
        return taken;
    }

    private void end(PermitDesk desk, List<Permit> permits) {
        permits.forEach(permit -> desk.ended(permit, USED, ANSWERED, now));
    }

    private static Deployment of(Configuration configuration, String name) {
        return Objects.requireNonNull(configuration.deployments().get(DeploymentName.parse(name)));
    }

    @Test
    void permits_that_are_out_count_against_limits_that_became_less() {
        PermitDesk desk = new PermitDesk(limited(ONE_POOL, ", limits: { concurrency: 10 }"), new SplittableRandom(1));
        List<Permit> running = take(desk, A, 8);
        desk.become(limited(ONE_POOL, ", limits: { concurrency: 4 }"), now);
        assertThat(take(desk, A, 9)).isEmpty();
        end(desk, running.subList(0, 5));
        assertThat(take(desk, A, 9)).as("3 run, 4 may").hasSize(1);
        desk.become(limited(ONE_POOL, ", limits: { concurrency: 6 }"), now);
        assertThat(take(desk, A, 9)).hasSize(2);
    }

    @Test
    void a_balanced_deployment_with_more_running_than_its_new_limit_has_its_turns_again_once_enough_have_ended() {
        String both = deployment("p/m", ", limits: { concurrency: %d }") + ", " + deployment("q/m", "");
        PermitDesk desk = new PermitDesk(configuration(ONE_POOL, both.formatted(500), "p"), new SplittableRandom(1));
        List<Permit> running = take(desk, A, 120);
        desk.become(configuration(ONE_POOL, both.formatted(500), "q"), now);
        end(desk, take(desk, A, 100));
        desk.become(routed(ONE_POOL, both.formatted(50), "load_balanced: { p: 50, q: 50 }"), now);
        end(desk, running.subList(0, 70));
        assertThat(take(desk, A, 100)).as("50 run, 50 may").hasSize(100).allMatch(permit -> isOf(permit, "q/m"));
        end(desk, running.subList(70, 120));
        assertThat(take(desk, A, 60)).filteredOn(permit -> isOf(permit, "p/m")).hasSize(30);
    }

    private static boolean isOf(Permit permit, String deployment) {
        return permit.deployment().name().equals(DeploymentName.parse(deployment));
    }

    @Test
    void what_counts_of_a_minute_is_kept() {
        PermitDesk desk = new PermitDesk(limited(ONE_POOL, ", limits: { requests_per_minute: 10 }"),
                new SplittableRandom(1));
        end(desk, take(desk, A, 6));
        desk.become(limited(ONE_POOL, ", limits: { requests_per_minute: 8 }"), now);
        assertThat(take(desk, A, 20)).hasSize(2);
    }

    @Test
    void a_pool_that_gets_a_part_waits_for_those_who_still_use_it() {
        PermitDesk desk = new PermitDesk(limited(ONE_POOL, ", limits: { concurrency: 10 }, pools: a"),
                new SplittableRandom(1));
        List<Permit> running = take(desk, A, 10);
        assertThat(running).hasSize(10);
        desk.become(limited(TWO_POOLS, ", limits: { concurrency: 10 }, pools: { a: 50%, b: 50% }"), now);
        assertThat(take(desk, B, 9)).as("all 10 run").isEmpty();
        end(desk, running.subList(0, 3));
        now += SECOND;
        assertThat(take(desk, B, 9)).as("7 run, 3 may").hasSize(3);
        end(desk, running.subList(3, 10));
        now += SECOND;
        assertThat(take(desk, B, 9)).as("its part is 5").hasSize(2);
        assertThat(take(desk, A, 9)).hasSize(5);
    }

    @Test
    void common_limits_that_are_divided_keep_what_runs() {
        PermitDesk desk = new PermitDesk(limited(TWO_POOLS, ", limits: { concurrency: 10 }"), new SplittableRandom(1));
        List<Permit> running = take(desk, A, 9);
        desk.become(limited(TWO_POOLS, ", limits: { concurrency: 10 }, pools: { a: 50%, b: 50% }"), now);
        assertThat(take(desk, A, 9)).isEmpty();
        assertThat(take(desk, B, 9)).isEmpty();
        end(desk, running);
        now += SECOND;
        assertThat(take(desk, A, 9)).hasSize(5);
        assertThat(take(desk, B, 9)).hasSize(5);
    }

    @Test
    void never_more_than_the_limit_through_random_changes() {
        SplittableRandom random = new SplittableRandom(7);
        for (int run = 0; run < 200; run++) {
            PermitDesk desk = new PermitDesk(limited(TWO_POOLS, ", limits: { concurrency: 12 }"), random.split());
            List<Permit> running = new ArrayList<>();
            for (int step = 0; step < 100; step++) {
                now += random.nextLong(SECOND / 4);
                switch (random.nextInt(6)) {
                    case 0 -> {
                        int a = 10 * (1 + random.nextInt(9));
                        desk.become(limited(TWO_POOLS, random.nextInt(3) == 0
                                ? ", limits: { concurrency: 12 }"
                                : ", limits: { concurrency: 12 }, pools: { a: " + a + "%, b: " + (100 - a) + "% }"),
                                now);
                    }
                    case 1, 2 -> {
                        if (!running.isEmpty()) {
                            end(desk, List.of(running.remove(random.nextInt(running.size()))));
                        }
                    }
                    default -> running.addAll(take(desk, random.nextBoolean() ? A : B, 3));
                }
                assertThat(running.size()).as("run %d, step %d", run, step).isLessThanOrEqualTo(12);
            }
            end(desk, running);
            now += SECOND;
            assertThat(take(desk, A, 20).size() + take(desk, B, 20).size()).as("all of it again").isEqualTo(12);
        }
    }

    @Test
    void a_deployment_that_is_gone_gives_no_more_and_its_calls_end() {
        Configuration both = configuration(ONE_POOL, deployment("p/m", "") + ", " + deployment("q/m", ""), "p, q");
        PermitDesk desk = new PermitDesk(both, new SplittableRandom(1));
        Permit running = take(desk, A, 1).getFirst();
        Router before = desk.router();
        desk.become(configuration(ONE_POOL, deployment("q/m", ""), "q"), now);
        RoutingQuery query = new RoutingQuery(A, "m", "any", List.of(), RoutingQuery.Needs.NONE, LocalDate.EPOCH, 1);
        assertThat(desk.ask(before, query, CallAsk.FIRST, null, now)).isInstanceOfSatisfying(Granted.class,
                granted -> assertThat(granted.permit().deployment().name()).hasToString("q/m"));
        desk.ended(running, USED, ANSWERED, now);
        assertThat(desk.told(DeploymentName.parse("p/m"), FleetView.NONE, now)).isFalse();
        assertThat(desk.order(DeploymentName.parse("p/m"), null, now)).isFalse();
    }

    @Test
    void what_is_known_stays_unless_it_leads_elsewhere() {
        Configuration first = limited(ONE_POOL, ", credential: \"${env:K1}\"");
        PermitDesk desk = new PermitDesk(first, new SplittableRandom(1));
        Permit failing = take(desk, A, 1).getFirst();
        desk.ended(failing, USED, new CallLesson.Failed(Blame.SERVICE_AT_ONCE, Optional.empty()), now);
        assertThat(desk.view(of(first, "p/m"), now).own()).isEqualTo(BreakerState.OPEN);

        Configuration other = limited(ONE_POOL, ", credential: \"${env:K2}\", limits: { concurrency: 3 }");
        desk.become(other, now);
        assertThat(desk.view(of(other, "p/m"), now).own()).as("the same service").isEqualTo(BreakerState.OPEN);

        Configuration elsewhere = configuration(ONE_POOL,
                deployment("p/m", ", credential: \"${env:K2}\"").replace("127.0.0.1:1", "127.0.0.1:2"), "p");
        desk.become(elsewhere, now);
        assertThat(desk.view(of(elsewhere, "p/m"), now).own()).as("another address").isEqualTo(BreakerState.CLOSED);
    }

    @Test
    void a_changed_credential_holds_for_new_calls_and_old_failures_do_not_tell_against_it() {
        Configuration first = limited(ONE_POOL, ", credential: \"${env:K1}\"");
        PermitDesk desk = new PermitDesk(first, new SplittableRandom(1));
        List<Permit> running = take(desk, A, 5);
        Configuration other = limited(ONE_POOL, ", credential: \"${env:K2}\"");
        desk.become(other, now);
        running.forEach(permit -> desk.ended(permit, USED,
                new CallLesson.Failed(Blame.CREDENTIAL, Optional.of(Duration.ZERO)), now));
        assertThat(running.getFirst().deployment().credentials().getFirst().value()).isEqualTo("K1");
        assertThat(desk.view(of(other, "p/m"), now).own()).isEqualTo(BreakerState.CLOSED);
        assertThat(take(desk, A, 1).getFirst().deployment().credentials().getFirst().value()).isEqualTo("K2");
    }
}
