package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.cli.CommandRun;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What holds a request up, asked for by its id: a deployment without room, and a vendor that is down. */
@Tag("issue-7")
@Tag("long")
class ExplainWaitIT {
    private static final Lane LANE = new Lane(new PoolName("all"), Priority.STANDARD);
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final Duration MINUTES = Duration.ofMinutes(5);
    private static final long WITHIN_MILLIS = 2_000;

    @TempDir
    private Path folder = Path.of("");
    private final List<String> where = new ArrayList<>();

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [standard] } }
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments:
                  v.here/slow: { vendor: v, model_id: "slow@fault=silent:120s", limits: { concurrency: 1 } }
                  v.here/down: { vendor: v, model_id: "down@fault=status:503" }
                  v.here/twice: { vendor: v, model_id: "twice@fault=status:503,each=2,retry_after=14" }
                routes:
                  slow: { test: { otherwise: { sequence: [v.here] } } }
                  down: { test: { otherwise: { sequence: [v.here] } } }
                  twice: { test: { otherwise: { sequence: [v.here] } } }
                topics: { partitions: 1 }
                """.formatted(simulator.baseUrl("v"));
    }

    @Test
    void it_tells_why_a_request_waits() throws Exception {
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("v", ModelProfile.ZERO_LATENCY));
        try (Installation installation = Installation.start(folder, vendors, ExplainWaitIT::configuration);
                Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                        installation.clientProperties(), installation.registryProperties(),
                        folder.resolve("control")));
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            await().atMost(SOON).until(dispatcher::ready);
            where.addAll(List.of("--bootstrap-server",
                    String.valueOf(installation.callerProperties().get("bootstrap.servers")), "--schema-registry-url",
                    String.valueOf(installation.callerProperties().get("schema.registry.url")), "--config",
                    Files.writeString(folder.resolve("my.yaml"), configuration(installation.simulator())).toString()));
            ask(caller, "holds", "slow");
            await().until(() -> !installation.simulator().calls().isEmpty());
            ask(caller, "first", "slow");
            ask(caller, "second", "slow");
            ask(caller, "fails", "down");
            ask(caller, "returned", "twice");
            noRoom();
            vendorDown();
            severalVisits();
        }
    }

    private static void ask(Caller caller, String id, String model) {
        var _ = caller.ask(Caller.request(id, model, Family.OPENAI.format, Family.OPENAI.body(model), false, MINUTES));
    }

    private void noRoom() throws IOException {
        await().atMost(SOON).untilAsserted(() -> {
            JsonNode told = explained("second");
            assertThat(told.at("/waiting/capacity/0/longest_wait_ms").asLong()).as("%s", told).isPositive();
            assertThat(told.at("/waiting/capacity/0/leases").asInt()).as("%s", told).isEqualTo(1);
        });
        long begun = System.nanoTime();
        JsonNode told = explained("second");
        long took = (System.nanoTime() - begun) / 1_000_000;
        assertThat(took).as("ms").isLessThan(WITHIN_MILLIS);
        assertThat(told.at("/queue/state").asText()).isEqualTo("queued");
        assertThat(told.at("/queue/record").asText()).startsWith(LANE.requestTopic() + "-0@");
        assertThat(told.at("/queue/ahead_at_most").asInt()).as("%s", told).isBetween(2, 3);
        JsonNode waiting = told.path("waiting");
        assertThat(waiting.path("why").asText()).isEqualTo("none of its deployments has room");
        assertThat(waiting.path("hop").asInt()).isZero();
        assertThat(waiting.path("time_to_live_left_ms").asLong()).isBetween(1L, MINUTES.toMillis());
        assertThat(waiting.at("/decision/route").asText()).startsWith("slow");
        assertThat(waiting.at("/decision/candidates")).hasSize(1);
        JsonNode capacity = waiting.at("/capacity/0");
        assertThat(capacity.path("deployment").asText()).isEqualTo("v.here/slow");
        assertThat(capacity.at("/full/0").asText()).isEqualTo("calls 1 of 1");
        assertThat(capacity.path("workers").asInt()).isEqualTo(1);

        CommandRun table = run("explain", "second");
        assertThat(table.out()).as(table.err()).contains("waits: none of its deployments has room; hop 0",
                "v.here/slow no room: calls 1 of 1");
        System.out.println("explain of a queued request took " + took + " ms:\n" + table.out());
    }

    private void vendorDown() throws IOException {
        await().atMost(SOON).untilAsserted(() -> {
            JsonNode told = explained("fails");
            assertThat(told.at("/waiting/decision/candidates/0/fleet").asText()).as("%s", told).startsWith("EJECTED");
            assertThat(told.at("/waiting/why").asText()).as("%s", told).matches("its last visit failed.*|all of its.*");
            assertThat(told.at("/queue/state").asText()).isEqualTo("queued");
            assertThat(told.path("attempts").size()).as("%s", told).isPositive();
            assertThat(told.at("/attempts/0/httpStatus").asInt()).isEqualTo(503);
        });
        CommandRun table = run("explain", "fails");
        System.out.println(table.out());
        assertThat(new ObjectMapper().readTree(run("status", "fails", "-o", "json").out()).path("state").asText())
                .isEqualTo("queued");
    }

    /** Of one that was answered at its third visit, all visits are told. */
    private void severalVisits() {
        await().atMost(MINUTES).untilAsserted(
                () -> assertThat(explained("returned").at("/queue/state").asText()).isEqualTo("ended"));
        await().atMost(SOON).untilAsserted(() -> {
            JsonNode told = explained("returned");
            assertThat(told.at("/replies/0/status").asText()).as("%s", told).isEqualTo("COMPLETED");
            assertThat(told.path("attempts")).as("%s", told).hasSize(3);
            for (JsonNode attempt : told.path("attempts")) {
                assertThat(attempt.path("phase").asText()).as("%s", attempt).isEqualTo("ENDED");
                assertThat(attempt.at("/decision/candidates")).as("%s", attempt).hasSize(1);
            }
            assertThat(told.at("/attempts/0/attempt/hop").asInt()).as("%s", told).isZero();
            assertThat(told.at("/attempts/2/attempt/hop").asInt()).as("%s", told).isPositive();
        });
    }

    private JsonNode explained(String id) throws IOException {
        CommandRun ran = run("explain", id, "-o", "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        return new ObjectMapper().readTree(ran.out());
    }

    private CommandRun run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(arguments[0].equals("status") ? where.subList(0, 4) : where);
        return CommandRun.of(all.toArray(String[]::new));
    }
}
