package dev.signalbox.system.processes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.cli.Main;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.client.ReplyReaderOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Issue 5's bar on live configuration with processes: three workers and a dispatcher under 200 requests/s. Two operators apply
 * different configurations at once, again and again: one wins, the other is told, every process has the same generation; a bad
 * one changes nothing; the route and a weight change each time, and no request fails.
 */
@Tag("issue-5")
@Tag("long")
@Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChangingConfigurationIT {
    private static final int ROUNDS = 5;
    private static final double PER_SECOND = 200;
    private static final Pattern GENERATION = Pattern.compile("in force: generation (\\d+) of (\\w+) \\(round");

    @TempDir
    private static Path folder;

    private Fleet fleet;
    private Dispatcher dispatcher;
    private String text;

    private Child operator(String name, int round, String changed) throws IOException {
        Path file = Files.writeString(folder.resolve(name + round + ".yaml"), changed);
        Map<String, Object> kafka = fleet.callerProperties();
        return Child.start(name + round, folder, System.getProperty("java.class.path"), List.of("-Xmx128m"), Main.class,
                List.of("config", "apply", file.toString(), "--execute", "--who", name, "--why", "round " + round,
                        "--bootstrap-server", String.valueOf(kafka.get("bootstrap.servers")), "--schema-registry-url",
                        String.valueOf(kafka.get("schema.registry.url"))));
    }

    private String route(String place, int concurrency) {
        return text.replace("sequence: [steady]", "sequence: [" + place + "]").replace("model_id: paced }",
                "model_id: paced }\n  steady.b/paced: { vendor: steady, model_id: paced, limits: { concurrency: "
                        + concurrency + " } }")
                .replace("priorities: [standard]", "priorities: { standard: { weight: " + concurrency + " } }");
    }

    private Set<Long> generations() {
        Set<Long> all = new TreeSet<>();
        fleet.workers().forEach(
                worker -> all.add((long) worker.metric("signalbox_config_generation").orElse(-1)));
        all.add(dispatcher.generation());
        return all;
    }

    private void awaitGeneration(long generation) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(50))
                .until(() -> generations().equals(Set.of(generation)));
    }

    @Test
    void oneWinsTheOtherIsToldAndNoRequestFails() throws Exception {
        fleet = Fleet.start(folder, 1, 3, ModelProfile.paced(20, 60));
        text = Files.readString(folder.resolve("fleet.yaml"));
        Map<String, Object> kafka = fleet.callerProperties();
        dispatcher = Dispatcher.start(DispatcherOptions.of(
                new ConfigurationSource.Live(Optional.empty(), folder, name -> Optional.empty()), kafka, kafka,
                folder.resolve("control")));
        try (Traffic traffic = new Traffic(kafka, ReplyReaderOptions.latest())) {
            awaitGeneration(1);
            int clashes = 0;
            List<Long> visible = new ArrayList<>();
            try (Traffic.Flow flow = traffic.flow("change", PER_SECOND, Integer.MAX_VALUE)) {
                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> traffic.answered() > 200);
                for (int round = 0; round < ROUNDS; round++) {
                    String place = round % 2 == 0 ? "steady.b" : "steady, steady.b";
                    Child ann = operator("ann", round, route(place, 300 + round));
                    Child bob = operator("bob", round, route(place, 400 + round));
                    Set<Integer> codes = new TreeSet<>(Set.of(ann.awaitEnd(Duration.ofSeconds(60))));
                    codes.add(bob.awaitEnd(Duration.ofSeconds(60)));
                    String printed = ann.printed() + bob.printed();
                    long start = System.nanoTime();
                    long generation = 0;
                    Matcher told = GENERATION.matcher(printed);
                    while (told.find()) {
                        generation = Math.max(generation, Long.parseLong(told.group(1)));
                    }
                    awaitGeneration(generation);
                    visible.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
                    assertThat(codes).as(printed).isSubsetOf(0, 3).contains(0);
                    if (codes.contains(3)) {
                        clashes++;
                        assertThat(printed).contains("not in force: generation " + generation + " of ");
                    }
                }
                long before = generations().iterator().next();
                try (ConfigurationTopic topic = new ConfigurationTopic(kafka)) {
                    ConfigurationLog seen = new ConfigurationLog();
                    seen.read(new ConfigurationLog.Entry("routing/0/0", before, before - 1, 1, "", "", "", 0));
                    topic.write(seen.next(text.replace("model_id: paced }", "modelid: paced }"), "eve", "round x"));
                }
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> fleet.workers().stream().allMatch(
                        worker -> worker.metric("signalbox_config_last_reload_successful").orElse(1) == 0));
                assertThat(generations()).containsExactly(before);
                int sent = flow.sent();
                Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> flow.sent() > sent + 200);
            }
            assertThat(traffic.shortfalls(FleetIT.ANSWER, Duration.ofSeconds(60))).isEmpty();
            System.out.printf("%d changes by two operators at once under %.0f requests/s: %d clashes, each told; the"
                    + " same generation everywhere within %s ms of the commands' ends; %d requests, none failed%n",
                    ROUNDS, PER_SECOND, clashes, visible, traffic.asked());
            assertThat(clashes).as("rounds in which both had read the same").isPositive();
        } finally {
            dispatcher.close();
            fleet.close();
        }
    }
}
