package dev.signalbox.cli.whatif;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.InstanceOfAssertFactories.DOUBLE;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.Rows;
import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.client.TenantShard;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Worlds whose outcome can be reckoned by hand. */
@Tag("issue-6")
class WhatIfTest {
    private static final String ONE = """
            environment: test
            vendors:
              v: { family: openai, base_url: "http://127.0.0.1:1/v1" }
              w: { family: openai, base_url: "http://127.0.0.1:1/v1" }
            deployments:
              v/scarce: { vendor: v, model_id: m, limits: { concurrency: 2 } }
              v/safe: { vendor: v, model_id: m, limits: { concurrency: 2 } }
              w/safe: { vendor: w, model_id: m }
              w/free: { vendor: w, model_id: m }
            pools:
              main: { use_cases: [otherwise], priorities: [interactive, standard] }
            routes:
              scarce: { test: { otherwise: { sequence: [v] } } }
              safe: { test: { otherwise: { sequence: [v, w] } } }
              free: { test: { otherwise: { sequence: [w] } } }
            """;
    private static final String PRICES = """
            prices:
              deployments:
                v/safe: { input_per_million: 1, output_per_million: 1 }
                w/safe: { input_per_million: 2, output_per_million: 2 }
            """;
    private static final String TWO_POOLS = """
            environment: test
            vendors:
              v: { family: openai, base_url: "http://127.0.0.1:1/v1" }
            deployments:
              v/m: { vendor: v, model_id: m, limits: { concurrency: 20 }, pools: { high: 60%, low: 40% } }
            pools:
              high: { use_cases: [important], priorities: [standard], lends: idle, reserve: 25%, borrows_from: [low] }
              low: { use_cases: [otherwise], priorities: [standard] }
            routes:
              m: { test: { otherwise: { sequence: [v] } } }
            """;
    /** A worker serves four calls at once, and two tenants fill all of them: one everywhere, the other at a single one. */
    private static final String FLEET = """
            environment: test
            worker: { max_in_flight: 4 }
            topics: { partitions: 8 }
            vendors:
              v: { family: openai, base_url: "http://127.0.0.1:1/v1" }
            deployments:
              v/m: { vendor: v, model_id: m }
            pools:
              main: { use_cases: [otherwise], priorities: [standard] }
            routes:
              m: { test: { otherwise: { sequence: [v] } } }
            """;
    /** A call of 1 s: half of it until the first token. */
    private static final String SECOND = ",first_token=500ms,tokens_per_second=200,spread=0";

    private static Configuration configuration(String text) {
        return switch (ConfigurationReader.read("test.yaml", text, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems().toString());
        };
    }

    private static WhatIf.Outcome run(String text, List<String> loads, List<String> outages, int workers) {
        return run(text, loads, outages, workers, Duration.ofHours(1));
    }

    /** @param longest after the last arrival, until it is broken off */
    private static WhatIf.Outcome run(String text, List<String> loads, List<String> outages, int workers,
            Duration longest) {
        Configuration configuration = configuration(text);
        List<Outage> trouble = outages.stream().map(spec -> Outage.of(configuration, spec)).toList();
        return new WhatIf(configuration, Load.of(configuration, loads, 1),
                new Vendors(configuration,
                        configuration.vendors().keySet().stream().filter(name -> name.length() == 1)
                                .map(name -> name + SECOND)
                                .toList(),
                        trouble, new SplittableRandom(1)),
                Map.of(), workers, 1, LocalDate.EPOCH).run(longest);
    }

    /** So many requests at once, of 100 output tokens. */
    private static Path burst(Path folder, int requests) throws IOException {
        StringBuilder csv = new StringBuilder("at_ms,input_tokens,output_tokens\n");
        IntStream.range(0, requests).forEach(i -> csv.append("0,10,100\n"));
        return Files.writeString(folder.resolve("burst.csv"), csv);
    }

    private static Observations.Group only(WhatIf.Outcome outcome) {
        assertThat(outcome.seen().lanes()).hasSize(1);
        return outcome.seen().lanes().values().iterator().next();
    }

    @Test
    void a_limit_of_two_serves_two_a_second(@TempDir Path folder) throws Exception {
        WhatIf.Outcome outcome = run(ONE, List.of(burst(folder, 20) + ",model=scarce"), List.of(), 1);
        Observations.Group group = only(outcome);
        assertThat(group.ended(ReplyStatus.COMPLETED)).isEqualTo(20);
        assertThat(group.wait.getMaxValue()).as("nine calls come before the last one").isBetween(9_000L, 9_200L);
        assertThat(group.firstToken.getMaxValue()).isBetween(9_500L, 9_700L);
        assertThat(outcome.seen().deployments().get("v/scarce").most).isEqualTo(2);
    }

    @Test
    void two_workers_share_the_limit_by_need(@TempDir Path folder) throws Exception {
        WhatIf.Outcome outcome = run(ONE, List.of(burst(folder, 40) + ",model=scarce"), List.of(), 2);
        assertThat(only(outcome).ended(ReplyStatus.COMPLETED)).isEqualTo(40);
        assertThat(outcome.seen().deployments().get("v/scarce").most).isEqualTo(2);
        assertThat(only(outcome).wait.getMaxValue()).as("19 s by one worker").isLessThan(25_000);
    }

    /** The cheap place serves two a second. */
    private static String byPrice(String rule) {
        return ONE.replace("sequence: [v, w]", "cheapest: [v, w]" + rule) + PRICES;
    }

    @Test
    void who_may_wait_for_the_cheap_place_spills_in_time(@TempDir Path folder) throws Exception {
        String load = burst(folder, 40) + ",model=safe,ttl=20s";
        WhatIf.Outcome atOnce = run(byPrice(""), List.of(load), List.of(), 1);
        assertThat(atOnce.seen().deployments().get("v/safe").made).isEqualTo(2);
        assertThat(only(atOnce).wait.getMaxValue()).isZero();

        WhatIf.Outcome later = run(byPrice(", spill_after: 25%"), List.of(load), List.of(), 1);
        assertThat(later.seen().deployments().get("v/safe").made).as("two a second for 5 s").isBetween(10L, 12L);
        assertThat(later.seen().deployments().get("w/safe").made).isBetween(28L, 30L);
        assertThat(only(later).wait.getMaxValue()).isBetween(4_990L, 5_010L);
        assertThat(only(later).ended(ReplyStatus.COMPLETED)).isEqualTo(40);
    }

    @Test
    void without_a_limit_nobody_waits(@TempDir Path folder) throws Exception {
        WhatIf.Outcome outcome = run(ONE, List.of(burst(folder, 500) + ",model=free"), List.of(), 1);
        assertThat(only(outcome).wait.getMaxValue()).isZero();
        assertThat(only(outcome).total.getMaxValue()).isBetween(999L, 1_001L);
    }

    @Test
    void interactive_goes_before_a_flood_of_standard() {
        WhatIf.Outcome outcome = run(ONE, List.of("rate=20/s,for=1m,model=scarce,output=100",
                "rate=12/min,for=1m,model=scarce,output=100,priority=interactive"), List.of(), 1);
        Observations.Group interactive = outcome.seen().lanes().get("main.interactive");
        Observations.Group standard = outcome.seen().lanes().get("main.standard");
        assertThat(interactive.wait.getValueAtPercentile(90)).isLessThan(5_000);
        assertThat(standard.wait.getValueAtPercentile(50)).isGreaterThan(60_000);
    }

    @Test
    void an_outage_is_met_by_a_few_calls_and_by_nobody_else() {
        WhatIf.Outcome outcome = run(ONE, List.of("rate=1/s,for=5m,model=safe,output=100"),
                List.of("v,from=1m,for=2m"), 1);
        Observations.Group group = only(outcome);
        assertThat(group.ended(ReplyStatus.COMPLETED)).isEqualTo(group.requests);
        assertThat(outcome.seen().deployments().get("v/safe").failed).isBetween(2L, 25L);
        assertThat(outcome.seen().deployments().get("w/safe").made).isGreaterThan(80);
        assertThat(group.total.getMaxValue()).isLessThan(3_000);
    }

    @Test
    void without_another_deployment_requests_wait_for_the_end_of_an_outage() {
        WhatIf.Outcome outcome = run(ONE, List.of("rate=1/s,for=2m,model=scarce,output=100"),
                List.of("v/scarce,from=30s,for=1m,fails=status"), 1);
        assertThat(outcome.open()).isZero();
        assertThat(only(outcome).ended(ReplyStatus.COMPLETED)).as("but for who has spent his visits")
                .isGreaterThanOrEqualTo(only(outcome).requests - 2);
        assertThat(only(outcome).total.getMaxValue()).isGreaterThan(20_000);
    }

    @Test
    void a_pool_borrows_what_another_leaves_idle_but_for_its_reserve() {
        WhatIf.Outcome outcome = run(TWO_POOLS, List.of("rate=40/s,for=2m,model=m,output=100"), List.of(), 2);
        assertThat(outcome.borrowed().values().get("low of high")).contains(9.0);
        assertThat(outcome.seen().deployments().get("v/m").most).as("8 of its own and 9 of 12").isEqualTo(17);
    }

    @Test
    void the_same_seed_gives_the_same_report() {
        List<String> loads = List.of("rate=5/s,for=1m,model=safe,tenants=3");
        assertThat(printed(loads)).isEqualTo(printed(loads)).contains("tenant-1", "v/safe", "main.standard");
    }

    private static String printed(List<String> loads) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Report(configuration(ONE), run(ONE, loads, List.of("v,from=10s,for=20s,part=0.5"), 2), List.of(), List.of())
                .print(Rows.Form.TABLE, new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    /** A name by which our client spreads requests over these and no others of two workers with four partitions each. */
    private static String tenantAt(Set<Integer> workers) {
        TenantShard shard = new TenantShard(4);
        return IntStream.range(0, 10_000).mapToObj(i -> "tenant-" + i)
                .filter(name -> IntStream.range(0, 100)
                        .mapToObj(i -> shard.partition(name, WhatIfRequest.id(i), 8) % 2).collect(Collectors.toSet())
                        .equals(workers))
                .findFirst().orElseThrow();
    }

    /** So many requests of each tenant at once, of 100 output tokens. */
    private static Path bursts(Path folder, int requests, String... tenants) throws IOException {
        StringBuilder csv = new StringBuilder("at_ms,input_tokens,output_tokens,tenant\n");
        for (String tenant : tenants) {
            csv.append(("0,10,100," + tenant + "\n").repeat(requests));
        }
        return Files.writeString(folder.resolve("bursts.csv"), csv);
    }

    @Test
    void a_tenant_on_two_workers_gets_no_more_than_one_on_one(@TempDir Path folder) throws Exception {
        String everywhere = tenantAt(Set.of(0, 1));
        String here = tenantAt(Set.of(0));
        WhatIf.Outcome outcome = run(FLEET, List.of(bursts(folder, 600, everywhere, here).toString(),
                "rate=1/s,from=60s,for=1s,tenant=later"), List.of(), 2, Duration.ZERO);
        assertThat(outcome.seen().tenants().get(everywhere).ended(ReplyStatus.COMPLETED))
                .as("half of eight a second for 60 s; three quarters if each worker is fair by itself")
                .isBetween(230L, 250L);
        assertThat(outcome.seen().tenants().get(here).ended(ReplyStatus.COMPLETED)).isBetween(230L, 250L);
    }

    @Test
    void a_tenants_limit_of_calls_is_the_fleets_wherever_they_come(@TempDir Path folder) throws Exception {
        for (Set<Integer> workers : List.of(Set.of(0), Set.of(0, 1))) {
            String tenant = tenantAt(workers);
            String limited = FLEET.replace("max_in_flight: 4", "max_in_flight: 100")
                    + "tenants: { " + tenant + ": { limits: { concurrency: 4 } } }\n";
            WhatIf.Outcome outcome = run(limited, List.of(bursts(folder, 80, tenant).toString()), List.of(), 2);
            assertThat(outcome.seen().deployments().get("v/m").most).isEqualTo(4);
            assertThat(only(outcome).wait.getMaxValue()).as("19 calls come before; 39 by half of the limit")
                    .isBetween(15_000L, 24_000L);
        }
    }

    /** A lane that stops reading at 300 requests, and is half full with 150; four calls of a second at once. */
    private static String narrow(String text) {
        return text.replace("max_in_flight: 4", "max_in_flight: 4, buffer_records: 496").replace("partitions: 8",
                "partitions: 1");
    }

    @Test
    void who_floods_a_lane_is_diverted_while_others_wait_little_and_comes_back(@TempDir Path folder) throws Exception {
        StringBuilder csv = new StringBuilder("at_ms,input_tokens,output_tokens,tenant\n0,10,100,modest\n");
        csv.append("1000,10,100,loud\n".repeat(1_000));
        IntStream.range(1, 60).forEach(i -> csv.append(i * 5_000).append(",10,100,modest\n"));
        csv.append("400000,10,100,loud\n");
        Path load = Files.writeString(folder.resolve("flood.csv"), csv);
        WhatIf.Outcome outcome = run(narrow(FLEET), List.of(load.toString()), List.of(), 1);
        assertThat(outcome.seen().tenants().get("modest").wait.getMaxValue())
                .as("until the next of four calls ends; behind 700 in the partition it were three minutes")
                .isLessThanOrEqualTo(1_001);
        assertThat(outcome.seen().tenants().get("loud").ended(ReplyStatus.COMPLETED)).isEqualTo(1_001);
        assertThat(outcome.seen().diverted().all()).singleElement().satisfies(loud -> {
            assertThat(loud.tenant).isEqualTo("loud");
            assertThat(loud.requests).as("but for 150 that filled half of the lane, and those that ran")
                    .isBetween(845L, 851L);
            assertThat(loud.lasts()).isFalse();
            assertThat(loud.nanos(0) / 1e9).as("1,060 calls by four a second, and until that is seen")
                    .isBetween(262.0, 268.0);
        });
        assertThat(outcome.diverted().most()).isBetween(500.0, 850.0);
        assertThat(outcome.diverted().values().get("loud").getLast()).isZero();

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Report(configuration(FLEET), outcome, List.of(), List.of()).print(Rows.Form.TABLE,
                new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("By tenant that was diverted:");
    }

    @Test
    void who_is_alone_is_not_diverted(@TempDir Path folder) throws Exception {
        WhatIf.Outcome outcome = run(narrow(FLEET), List.of(bursts(folder, 1_000, "loud").toString()), List.of(), 1);
        assertThat(outcome.seen().diverted().all()).isEmpty();
        assertThat(only(outcome).wait.getMaxValue()).as("249 calls come before the last one")
                .isBetween(248_900L, 249_600L);
        assertThat(Collections.max(outcome.waiting().values().get("main"))).as("what is not read yet waits too")
                .isBetween(990.0, 996.0);
    }

    @Test
    void a_route_without_room_keeps_no_other_out_of_the_lane(@TempDir Path folder) throws Exception {
        String narrow = narrow(ONE.replace("environment: test\n",
                "environment: test\nworker: { max_in_flight: 4 }\ntopics: { partitions: 8 }\n"));
        WhatIf.Outcome outcome = run(narrow, List.of(burst(folder, 600) + ",model=scarce,tenant=flood",
                "rate=1/s,from=5s,for=1m,model=free,output=100,tenant=other"), List.of(), 1);
        assertThat(outcome.seen().tenants().get("other").wait.getMaxValue()).as("of four slots two are free")
                .isLessThan(2_000);
        assertThat(outcome.seen().tenants().get("other").wait.getValueAtPercentile(50)).isZero();
        assertThat(outcome.seen().deployments().get("v/scarce").made).isEqualTo(600);
        assertThat(outcome.endNanos() / 1e9).as("two a second").isBetween(300.0, 303.0);
        assertThat(outcome.seen().diverted().all()).isEmpty();
    }

    @Test
    void each_large_tenants_longest_wait_is_a_curve(@TempDir Path folder) throws Exception {
        StringBuilder csv = new StringBuilder("at_ms,input_tokens,output_tokens,tenant\n");
        csv.append("0,10,100,loud\n".repeat(18)).append("0,10,100,modest\n".repeat(2));
        Path burst = Files.writeString(folder.resolve("two.csv"), csv);
        Map<String, List<Double>> waits = run(ONE, List.of(burst + ",model=scarce"), List.of(), 1).waits().values();
        assertThat(waits.keySet()).as("the largest first").containsExactly("loud", "modest");
        assertThat(Collections.max(waits.get("modest"))).as("its turn comes at once").isBetween(0.9, 3.1);
        assertThat(Collections.max(waits.get("loud"))).as("two a second").isBetween(8.9, 9.2);
        assertThat(waits.get("loud")).as("who waits still is seen").element(5, DOUBLE).isBetween(4.9, 5.2);
        assertThat(waits.get("modest").getLast()).isZero();

        Map<String, List<Double>> of20 = run(ONE, List.of("rate=20/s,for=30s,model=free,tenants=20"), List.of(), 1)
                .waits().values();
        assertThat(of20).as("as many as a plot has curves").hasSize(8);
        assertThat(of20.values()).allSatisfy(curve -> assertThat(curve).containsOnly(0.0));
    }

    @Test
    void who_is_never_called_waits_until_his_time_is_up(@TempDir Path folder) throws Exception {
        String burst = burst(folder, 20) + ",model=scarce,ttl=5500ms";
        List<Double> waits = run(ONE, List.of(burst, "rate=1/s,from=30s,for=10s,model=free"), List.of(), 1).waits()
                .values().get("tenant");
        assertThat(Collections.max(waits)).as("who cannot go is told within a second").isBetween(5.5, 6.6);
        assertThat(waits.subList(8, waits.size())).as("nobody waits any more").containsOnly(0.0);
    }

    @Test
    void a_wait_after_the_last_whole_second_is_seen(@TempDir Path folder) throws Exception {
        Path six = Files.writeString(folder.resolve("six.csv"),
                "at_ms,input_tokens,output_tokens\n" + "0,10,20\n".repeat(6));
        WhatIf.Outcome outcome = run(ONE, List.of(six + ",model=scarce"), List.of(), 1);
        assertThat(outcome.endNanos() / 1e9).as("three calls of 0.6 s").isBetween(1.75, 1.95);
        assertThat(outcome.waits().seconds().getLast()).isEqualTo(outcome.endNanos() / 1e9);
        assertThat(outcome.waits().values().get("tenant").getLast()).as("two calls come before").isBetween(1.15, 1.35);
    }

    @Test
    void who_is_shed_waits_no_more() {
        WhatIf.Outcome outcome = run(ONE.replace("standard] }", "standard], sheds: [standard] }"),
                List.of("rate=20/s,for=1m,model=scarce,output=100", "rate=1/s,from=10m,for=10s,model=free"), List.of(),
                1);
        assertThat(only(outcome).ended(ReplyStatus.SHED)).isGreaterThan(100);
        List<Double> waits = outcome.waits().values().get("tenant");
        assertThat(Collections.max(waits)).isCloseTo(only(outcome).wait.getMaxValue() / 1e3, within(0.1));
        assertThat(waits.getLast()).isZero();
    }

    @Test
    void plots_and_curves_are_written(@TempDir Path folder) throws Exception {
        Configuration configuration = configuration(TWO_POOLS);
        Outage outage = Outage.of(configuration, "v,from=10s,for=10s,part=0.5");
        new Report(configuration, run(TWO_POOLS, List.of("rate=20/s,for=1m,model=m,output=100"),
                List.of("v,from=10s,for=10s,part=0.5"), 1), List.of(outage), List.of("a note")).write(folder);
        assertThat(Files.readString(folder.resolve("report.md"))).contains("a note", "low.standard", "![Answered");
        assertThat(Files.readString(folder.resolve("running.svg"))).startsWith("<svg").endsWith("</svg>\n")
                .contains("<polyline", ">v/m<");
        assertThat(Files.readAllLines(folder.resolve("waiting.csv"))).hasSizeGreaterThan(50).first()
                .isEqualTo("second,\"high\",\"low\"");
        assertThat(Files.readString(folder.resolve("report.md"))).contains("![Longest wait", "](waits.svg)");
        assertThat(Files.readString(folder.resolve("waits.svg"))).contains("<polyline", ">tenant<", "(s)");
        assertThat(Files.readAllLines(folder.resolve("waits.csv"))).first().isEqualTo("second,\"tenant\"");
    }

    @Test
    void a_name_with_quotes_stays_one_cell(@TempDir Path folder) throws Exception {
        Configuration configuration = configuration(ONE);
        new Report(configuration, run(ONE, List.of("rate=1/s,for=5s,model=free,tenant=the \"A\" team"), List.of(), 1),
                List.of(), List.of()).write(folder);
        assertThat(Files.readAllLines(folder.resolve("waits.csv"))).first().isEqualTo("second,\"the \"\"A\"\" team\"");
    }

    @Test
    void bad_input_names_its_place_and_what_there_is(@TempDir Path folder) throws Exception {
        Configuration configuration = configuration(ONE);
        assertThatThrownBy(() -> Load.of(configuration, List.of("rate=1/s,for=1m"), 1))
                .isInstanceOf(CommandFailure.class).hasMessageContaining("free, safe, scarce");
        assertThatThrownBy(() -> Load.of(configuration, List.of("rate=1/s,modle=free"), 1))
                .hasMessageContaining("unknown key \"modle\"");
        assertThatThrownBy(() -> Load.of(configuration, List.of("rate=much,model=free"), 1))
                .hasMessageContaining("20/s");
        Path bad = Files.writeString(folder.resolve("bad.csv"), "at_ms,input_tokens,output_tokens\n0,5,5\n7,x,5\n");
        assertThatThrownBy(() -> Load.of(configuration, List.of(bad + ",model=free"), 1))
                .hasMessageContaining("bad.csv:3").hasMessageContaining("input_tokens");
        assertThatThrownBy(() -> Outage.of(configuration, "nobody,for=1m")).hasMessageContaining("v/safe");
        assertThatThrownBy(() -> Outage.of(configuration, "v,fails=badly")).hasMessageContaining("timeout");
    }

    private static Path shared(String path) {
        String shared = System.getenv("SIGNALBOX_SHARED");
        Path file = Path.of(shared == null ? "../../shared" : shared).resolve(path);
        Assumptions.assumeTrue(Files.exists(file), () -> "SKIPPED: there is no " + file + "; set SIGNALBOX_SHARED");
        return file;
    }

    @Test
    void a_recorded_workload_meets_a_recorded_outage() {
        Path trace = shared("traces/AzureLLMInferenceTrace_conv.csv");
        Path incidents = shared("outages/major_incidents.json");
        long start = System.nanoTime();
        WhatIf.Outcome outcome = run(ONE, List.of(trace + ",model=safe,for=10m"),
                List.of("on=v,file=" + incidents + ",incident=openai-2025-06-10,from=2m,speed=60"), 2);
        Observations.Group group = only(outcome);
        System.out.printf("what-if: %d requests of ten minutes in %d ms%n", group.requests,
                (System.nanoTime() - start) / 1_000_000);
        assertThat(group.requests).isGreaterThan(2_000);
        assertThat(group.ended(ReplyStatus.COMPLETED)).isEqualTo(group.requests);
        assertThat(outcome.seen().deployments().get("v/safe").failed).isPositive();
    }
}
