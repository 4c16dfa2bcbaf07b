package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ConfigurationPrinter;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.system.Installation;
import dev.signalbox.system.scenario.EchoVendor.Mode;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Canary secrets of eight shapes wherever a key can be, and vendors that tell them back in every way: none is found in logs
 * at DEBUG, metrics, attempts, tokens, replies or the texts of a refused configuration.
 */
@Tag("issue-3")
class SecretsIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);

    @Test
    void no_secret_of_any_shape_is_told(@TempDir Path folder) throws Exception {
        try (Trap trap = new Trap();
                EchoVendor echo = new EchoVendor(trap.port());
                LeakWatch watch = new LeakWatch();
                Installation installation = Installation.start(folder.resolve("data"), Bench.vendors(),
                        simulator -> configuration(folder, echo, simulator));
                Worker second = Worker.start(WorkerOptions.of(installation.configuration(),
                        withSecrets(installation.clientProperties(), "sasl.jaas.config", "ssl.key.password",
                                "ssl.keystore.password", "ssl.truststore.password"),
                        withSecrets(installation.registryProperties(), "basic.auth.user.info",
                                "schema.registry.basic.auth.user.info")));
                Caller caller = new Caller(installation.callerProperties(), LANE)) {
            Awaitility.await().atMost(Duration.ofSeconds(60)).until(second::ready);
            Map<ReplyStatus, Integer> statuses = ask(caller, watch);
            assertThat(statuses.keySet()).contains(ReplyStatus.COMPLETED, ReplyStatus.FAILED);
            assertThat(echo.calls()).as("calls that were shown a key").isGreaterThanOrEqualTo(
                    (long) Canary.values().length * Mode.values().length);
            watch.look("metrics", installation.worker().metrics() + second.metrics());
            watch.look("configuration", installation.configuration() + ConfigurationPrinter.yaml(
                    installation.configuration()) + ConfigurationPrinter.json(installation.configuration()));
            assertThat(watch.lookAt(installation.clientProperties(), Topics.REPLIES)).isPositive();
            assertThat(watch.lookAt(installation.clientProperties(), Topics.TOKENS)).isPositive();
            assertThat(watch.lookAt(installation.clientProperties(), Topics.ATTEMPTS)).isPositive();
            assertThat(watch.lines()).as("log lines").isPositive();
            assertThat(watch.leaks()).isEmpty();
            assertThat(trap.connections()).as("redirects that were followed").isZero();
            System.out.printf(Locale.ROOT,
                    "secrets: %d shapes, %d calls that told them back, %s, %d log lines: 0 told%n",
                    Canary.values().length, echo.calls(), statuses, watch.lines());
        }
    }

    @Test
    void a_configuration_with_a_secret_written_out_is_refused_without_telling_it() {
        try (LeakWatch watch = new LeakWatch()) {
            for (Canary canary : Canary.values()) {
                for (String part : List.of("credential: \"%s\"", "credentials: [\"%s\"]", "api_key: \"%s\"",
                        "base_url: \"https://me:%s@host.test/v1\"", "base_url: \"https://host.test/v1?key=%s\"",
                        "credential: { value: \"%s\" }", "credential: \"Bearer %s\"")) {
                    String yaml = """
                            environment: test
                            vendors: { v: { family: openai, base_url: "https://host.test/v1" } }
                            deployments: { v/m: { vendor: v, model_id: m, %s } }
                            pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                            routes: { m: { test: { otherwise: { sequence: [v] } } } }
                            """.formatted(part.formatted(canary.value));
                    ReadResult result = ConfigurationReader.read("test.yaml", yaml, name -> Optional.empty());
                    assertThat(result).as(part).isInstanceOf(ReadResult.Invalid.class);
                    watch.look(part, ((ReadResult.Invalid) result).problems().toString());
                }
                for (String part : List.of("http_proxy: \"http://me:%s@proxy.test:80\"",
                        "base_url: \"https://me:%s@host.test/v1\"")) {
                    String yaml = """
                            environment: test
                            vendors: { v: { family: openai, %s } }
                            deployments: { v/m: { vendor: v, model_id: m } }
                            pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                            routes: { m: { test: { otherwise: { sequence: [v] } } } }
                            """.formatted(part.formatted(canary.value));
                    watch.look(part,
                            ConfigurationReader.read("test.yaml", yaml, name -> Optional.empty()).toString());
                }
            }
            assertThat(watch.leaks()).isEmpty();
        }
    }

    private static Map<String, Object> withSecrets(Map<String, Object> properties, String... names) {
        Map<String, Object> all = new HashMap<>(properties);
        for (int i = 0; i < names.length; i++) {
            all.put(names[i], Canary.values()[i].value);
        }
        return all;
    }

    private static String model(Family family, Canary canary, Mode mode) {
        return (family + "-" + canary + "-" + mode).toLowerCase(Locale.ROOT);
    }

    private static String configuration(Path folder, EchoVendor echo, Simulator simulator) {
        StringBuilder deployments = new StringBuilder();
        StringBuilder routes = new StringBuilder();
        for (Family family : Family.values()) {
            String healthy = Bench.HEALTHY + family.label();
            for (Canary canary : Canary.values()) {
                String secret = "\"${file:" + key(folder, canary) + "}\"";
                for (Mode mode : Mode.values()) {
                    String model = model(family, canary, mode);
                    deployments.append(
                            "  echo-%s/%s: { vendor: echo-%1$s, model_id: m, base_url: \"%s\", %s }%n".formatted(
                                    family.label(), model, echo.baseUrl(mode),
                                    mode.ordinal() % 2 == 0
                                            ? "credential: " + secret
                                            : "credentials: [" + secret + "]"));
                    routes.append("  %s: { test: { otherwise: { sequence: [echo-%s] } } }%n".formatted(model,
                            family.label()));
                }
            }
            deployments.append("  %1$s/%2$s: { vendor: %1$s, model_id: m, credential: \"${file:%3$s}\" }%n".formatted(
                    Bench.well(family), healthy, key(folder, Canary.PASSWORD)));
            routes.append("  %s: { test: { otherwise: { sequence: [%s] } } }%n".formatted(healthy, Bench.well(family)));
        }
        return """
                environment: test
                vendors:
                  echo-openai: { family: openai, base_url: "%1$s" }
                  echo-anthropic: { family: anthropic, base_url: "%1$s" }
                  openai-b: { family: openai, base_url: "%2$s" }
                  anthropic-b: { family: anthropic, base_url: "%3$s" }
                deployments:
                %4$spools:
                  main: { use_cases: [otherwise], priorities: [standard] }
                routes:
                %5$stopics: { partitions: 4 }
                """.formatted(echo.baseUrl(Mode.TEXT), simulator.baseUrl("openai-b"), simulator.baseUrl("anthropic-b"),
                deployments, routes);
    }

    private static Path key(Path folder, Canary canary) {
        try {
            return Files.writeString(folder.resolve(canary + ".key"), canary.value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<ReplyStatus, Integer> ask(Caller caller, LeakWatch watch) throws Exception {
        List<CompletableFuture<Caller.Answer>> answers = new ArrayList<>();
        for (Family family : Family.values()) {
            for (Canary canary : Canary.values()) {
                for (boolean streamed : new boolean[]{true, false}) {
                    for (Mode mode : Mode.values()) {
                        answers.add(caller.ask(request(model(family, canary, mode), family, canary, streamed)));
                    }
                    answers.add(caller.ask(request(Bench.HEALTHY + family.label(), family, canary, streamed),
                            headers(canary)));
                }
            }
        }
        Map<ReplyStatus, Integer> statuses = new HashMap<>();
        for (CompletableFuture<Caller.Answer> answer : answers) {
            var reply = answer.get(60, TimeUnit.SECONDS).reply();
            watch.look("reply", reply.toString());
            statuses.merge(reply.getStatus(), 1, Integer::sum);
        }
        return statuses;
    }

    private static List<Header> headers(Canary canary) {
        byte[] value = canary.value.getBytes(StandardCharsets.UTF_8);
        return List.of(new RecordHeader("authorization", value), new RecordHeader("x-api-key", value),
                new RecordHeader("cookie", value));
    }

    /** A caller who has his key in the prompt, in a member of the body, and in a label. */
    private static LlmRequest request(String model, Family family, Canary canary, boolean streamed) {
        String body = """
                {"model": "%s", "max_tokens": 1024, "user": "%s", "messages": [{"role": "user", "content": "My key is %2$s."}]}
                """.formatted(model, canary.value);
        if (family == Family.ANTHROPIC) {
            body = body.replaceFirst("\"user\": \"[^\"]*\", ",
                    "\"metadata\": {\"user_id\": \"" + canary.value + "\"}, ");
        }
        LlmRequest request = Caller.request(model + "-" + canary.ordinal() + "-" + streamed, model, family.format,
                body.getBytes(StandardCharsets.UTF_8), streamed, Duration.ofSeconds(4));
        request.setLabels(Map.of("key", canary.value));
        request.setBody(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)));
        return request;
    }
}
