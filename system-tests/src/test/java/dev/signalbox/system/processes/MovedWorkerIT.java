package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Issue 6's bar on moving workers: four workers serve one pool under load, one of them is moved to another pool whose requests
 * wait. That pool's first call starts within 15 s, what ran ends, nothing is lost and nothing repeated; the order ends again.
 */
@Tag("issue-6")
@Tag("long")
@Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MovedWorkerIT {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int WORKERS = 4;
    private static final double PER_SECOND = 60;
    private static final int WAITING = 20;
    private static final Duration FIRST_CALL = Duration.ofSeconds(15);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration MOVED_FOR = Duration.ofSeconds(40);
    private static final Pattern UNTIL = Pattern.compile("until (\\S+) by");
    private static final Lane OTHER = new Lane(new PoolName("other"), Priority.STANDARD);

    @TempDir
    private static Path folder;

    private int commands;

    @Test
    void aMovedWorkerServesItsNewPoolAndNothingIsLostOrRepeated() throws Exception {
        // Calls of 2 s: some run wherever the worker is when it is moved.
        ModelProfile answers = ModelProfile.paced(20, 100);
        try (Fleet fleet = Fleet.start(folder, 1, 0, SimulatorOptions.of(VendorProfile.of("steady", answers)),
                vendors -> """
                        environment: test
                        vendors: { steady: { family: openai, base_url: "%s" } }
                        deployments: { steady/paced: { vendor: steady, model_id: paced } }
                        pools:
                          other: { use_cases: [other], priorities: [standard] }
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes: { paced: { test: { otherwise: { sequence: [steady] } } } }
                        topics: { partitions: %d }
                        """.formatted(vendors.baseUrl("steady"), Fleet.PARTITIONS),
                System.getProperty("java.class.path"));
                Traffic traffic = new Traffic(fleet.callerProperties(), ReplyReaderOptions.latest())) {
            for (int i = 0; i < WORKERS; i++) {
                fleet.addWorker();
            }
            fleet.workers().forEach(FleetWorker::awaitReady);
            Awaitility.await().atMost(PATIENCE).until(() -> workers(fleet, "main").size() == WORKERS);
            List<String> all = workers(fleet, "main");
            assertThat(workers(fleet, "other")).containsExactlyInAnyOrderElementsOf(all);
            move(fleet, all, "main", Duration.ofHours(1));
            Awaitility.await().atMost(PATIENCE).until(() -> workers(fleet, "other").isEmpty());

            try (Traffic.Flow flow = traffic.flow("main", PER_SECOND, Integer.MAX_VALUE)) {
                Awaitility.await().atMost(PATIENCE).until(() -> traffic.answered() > 2 * PER_SECOND);
                for (int i = 0; i < WAITING; i++) {
                    LlmRequest request = Traffic.request("other-" + i, true);
                    request.setUseCase("other");
                    traffic.ask(OTHER, request);
                }
                Thread.sleep(Duration.ofSeconds(3));
                assertThat(calls(fleet, "other-")).as("calls of a pool that nobody serves").isEmpty();

                String moved = all.getFirst();
                long atMillis = move(fleet, List.of(moved), "other", MOVED_FOR) - MOVED_FOR.toMillis();
                Awaitility.await().atMost(FIRST_CALL).pollInterval(Duration.ofMillis(50))
                        .until(() -> !calls(fleet, "other-").isEmpty());
                long firstMillis = calls(fleet, "other-").stream().mapToLong(CallRecord::startedMillis).min()
                        .orElseThrow() - atMillis;
                Awaitility.await().atMost(PATIENCE).until(() -> traffic.answered("other-") == WAITING);
                Awaitility.await().atMost(PATIENCE).until(() -> workers(fleet, "other").equals(List.of(moved))
                        && workers(fleet, "main").size() == WORKERS - 1);
                // The order ends by itself, and what the worker was ordered before is gone with it: it serves all it was started with.
                Awaitility.await().atMost(PATIENCE).until(() -> workers(fleet, "main").size() == WORKERS);
                int sent = flow.sent();
                Awaitility.await().atMost(PATIENCE).until(() -> flow.sent() > sent + 5 * PER_SECOND);
                System.out.printf(
                        "1 of %d workers moved under %.0f requests/s: the new pool's first call %.1f s after the order was written%n",
                        WORKERS, PER_SECOND, firstMillis / 1e3);
                assertThat(firstMillis).isBetween(0L, FIRST_CALL.toMillis());
            }
            assertThat(traffic.shortfalls(FleetIT.ANSWER, PATIENCE)).as("lost").isEmpty();
            Map<String, Long> calls = fleet.vendors().calls().stream()
                    .collect(Collectors.groupingBy(CallRecord::requestId, Collectors.counting()));
            assertThat(calls.entrySet().stream().filter(entry -> entry.getValue() > 1).toList()).as("repeated")
                    .isEmpty();
            assertThat(calls).hasSize(traffic.asked());
        }
    }

    private static List<CallRecord> calls(Fleet fleet, String prefix) {
        return fleet.vendors().calls().stream().filter(call -> call.requestId().startsWith(prefix)).toList();
    }

    private List<String> workers(Fleet fleet, String pool) throws Exception {
        JsonNode rows = JSON.readTree(run(fleet, 0, List.of("pools", "describe", pool, "-o", "json")).lines()
                .filter(line -> line.startsWith("[")).findFirst().orElseThrow());
        return StreamSupport.stream(rows.spliterator(), false).map(row -> row.path("worker").asText()).sorted()
                .toList();
    }

    /** Shows what would change, which changes nothing, and then orders it; when the order ends, ms since 1970. */
    private long move(Fleet fleet, List<String> workers, String pool, Duration length) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("pools", "move"));
        arguments.addAll(workers);
        arguments.addAll(List.of("--to", pool, "--for", length.toSeconds() + "s", "--why", "test"));
        assertThat(run(fleet, 3, arguments)).contains("nothing was ordered");
        arguments.add("--execute");
        Matcher until = UNTIL.matcher(run(fleet, 0, arguments));
        assertThat(until.find()).isTrue();
        return Instant.parse(until.group(1)).toEpochMilli();
    }

    private String run(Fleet fleet, int code, List<String> arguments) throws Exception {
        try (Child command = fleet.command("pools-" + commands++, arguments)) {
            assertThat(command.awaitEnd(PATIENCE)).as(command.printed()).isEqualTo(code);
            return command.printed();
        }
    }
}
