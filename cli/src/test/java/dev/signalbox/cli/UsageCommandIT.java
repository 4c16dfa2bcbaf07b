package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import blue.strategic.parquet.Hydrator;
import blue.strategic.parquet.ParquetReader;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.schemas.avro.UsageRecord;
import dev.signalbox.schemas.avro.UsageRollup;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the dispatcher wrote is what analysts get, in each format, to the last decimal. */
@Tag("issue-5")
class UsageCommandIT {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    @TempDir
    private Path folder;
    private EmbeddedStack stack;
    private UsageTopicFiller topics;

    @BeforeEach
    void start() throws Exception {
        stack = EmbeddedStack.start(folder.resolve("data"), EmbeddedOptions.defaults());
        Path file = folder.resolve("my.yaml");
        Files.writeString(file, """
                environment: test
                pools: { all: { use_cases: [otherwise], priorities: [batch] } }
                vendors: { fast: { family: openai, base_url: "http://127.0.0.1:9" } }
                deployments:
                  fast.a/m: { vendor: fast, model_id: m }
                  slow.a/m: { vendor: fast, model_id: m }
                  unpriced.a/m: { vendor: fast, model_id: m }
                routes: { m: { test: { otherwise: { sequence: [fast.a, slow.a] } } } }
                prices:
                  version: "2026-11"
                  currency: EUR
                  deployments:
                    fast.a/m: { input_per_million: 2.5, output_per_million: 10, cached_input_per_million: 0.3333333 }
                    slow.a/m: { input_per_million: 0.1234567, output_per_million: 0.7654321 }
                topics: { partitions: 1 }
                """);
        assertThat(run("topics", "apply").code()).isZero();
        ReadResult.Valid read = (ReadResult.Valid) ConfigurationReader.read(file);
        topics = new UsageTopicFiller(new Clients(stack.bootstrapServers(), stack.registryUrl(), Map.of()),
                read.configuration().prices(), 20261121);
    }

    @AfterEach
    void stop() {
        topics.close();
        stack.close();
    }

    private CommandLineRunner.Ran run(String... arguments) {
        return CommandLineRunner.run(Stream.concat(Stream.of(arguments),
                Stream.of("--bootstrap-server", stack.bootstrapServers(), "--schema-registry-url", stack.registryUrl(),
                        "--config", folder.resolve("my.yaml").toString()))
                .toArray(String[]::new));
    }

    @Test
    void everyFormatAgreesWithTheTopic() throws IOException {
        topics.calls(3_000);
        everyFormatAgrees();

        CommandLineRunner.Ran none = run("usage", "export", "--format", "jsonl", "--since", "2026-11-21T21:00Z");
        assertThat(none.code()).as(none.err()).isZero();
        assertThat(none.out()).isEmpty();
        assertThat(none.err()).contains("0 calls, cost 0.00");
        CommandLineRunner.Ran parquet = run("usage", "export", "--format", "parquet", "--since", "2026-11-01");
        assertThat(parquet.code()).isEqualTo(ExitCode.USAGE.number());
        assertThat(parquet.err()).contains("--out FILE");
    }

    /** Bar 6. */
    @Test
    @Tag("long")
    void aHundredThousandCallsOfEveryFormatAgreeWithTheTopic() throws IOException {
        topics.calls(100_000);
        everyFormatAgrees();
    }

    private void everyFormatAgrees() throws IOException {
        BigDecimal cost = topics.sum(UsageRecord::getCost);
        BigDecimal output = topics.sum(call -> call.getUsage() == null
                ? null
                : BigDecimal.valueOf(call.getUsage().getOutputTokens()));
        BigDecimal all = output.add(topics.sum(call -> call.getUsage() == null
                ? null
                : BigDecimal.valueOf(call.getUsage().getInputTokens())));
        Sums csv = csv(export("csv"), "cost", "output_tokens");
        assertThat(csv).isEqualTo(new Sums(topics.count(), cost, output));
        assertThat(jsonl(export("jsonl"))).isEqualTo(csv);
        assertThat(parquet(export("parquet"))).isEqualTo(csv);
        Sums focus = csv(export("focus"), "BilledCost", "ConsumedQuantity");
        assertThat(focus.cost).isEqualByComparingTo(cost);
        assertThat(focus.tokens).isEqualByComparingTo(all);
        assertThat(focus.rows).isGreaterThan(topics.count());
    }

    private Path export(String format) throws IOException {
        Path file = folder.resolve("usage." + format);
        long begun = System.nanoTime();
        CommandLineRunner.Ran ran = run("usage", "export", "--format", format, "--out", file.toString(), "--since",
                "2026-11-01");
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        assertThat(ran.code()).as(ran.err()).isZero();
        assertThat(ran.err()).contains(topics.count() + " calls").contains("records that later ones replace");
        System.out.printf("export of %d calls as %s: %d ms, %d bytes%n", topics.count(), format, millis,
                Files.size(file));
        assertThat(millis).isLessThan(30_000);
        assertThat(folder).isDirectoryNotContaining("glob:**.part");
        return file;
    }

    /** Rows, and what two columns add up to; empty cells are left out. */
    private record Sums(long rows, BigDecimal cost, BigDecimal tokens) {
        static Sums none() {
            return new Sums(0, BigDecimal.ZERO.setScale(9), BigDecimal.ZERO);
        }

        Sums plus(BigDecimal moreCost, BigDecimal moreTokens) {
            return new Sums(rows + 1, cost.add(moreCost), tokens.add(moreTokens));
        }
    }

    private static Sums csv(Path file, String cost, String tokens) throws IOException {
        Sums sums = Sums.none();
        try (MappingIterator<Map<String, String>> rows = new CsvMapper().readerForMapOf(String.class)
                .with(CsvSchema.emptySchema().withHeader()).readValues(file.toFile())) {
            while (rows.hasNext()) {
                Map<String, String> row = rows.next();
                sums = sums.plus(decimal(row.get(cost)), decimal(row.get(tokens)));
            }
        }
        return sums;
    }

    private static BigDecimal decimal(String cell) {
        return cell.isEmpty() ? BigDecimal.ZERO : new BigDecimal(cell);
    }

    private static Sums jsonl(Path file) throws IOException {
        Sums sums = Sums.none();
        try (Stream<String> lines = Files.lines(file)) {
            for (String line : (Iterable<String>) lines::iterator) {
                JsonNode call = JSON.readTree(line);
                assertThat(call.path("use_case").asText()).isEqualTo("sums, \"quoted\"");
                sums = sums.plus(call.path("cost").decimalValue(), call.path("output_tokens").decimalValue());
            }
        }
        return sums;
    }

    private static Sums parquet(Path file) throws IOException {
        Hydrator<Map<String, Object>, Map<String, Object>, String[]> rows = new Hydrator<>() {
            @Override
            public Map<String, Object> start() {
                return new HashMap<>();
            }

            @Override
            public Map<String, Object> add(Map<String, Object> row, String[] path, Object value) {
                if (value != null) {
                    row.put(path[0], value);
                }
                return row;
            }

            @Override
            public Map<String, Object> finish(Map<String, Object> row) {
                return row;
            }
        };
        Sums sums = Sums.none();
        try (Stream<Map<String, Object>> all = ParquetReader.streamContent(file.toFile(), rows)) {
            for (Map<String, Object> row : (Iterable<Map<String, Object>>) all::iterator) {
                sums = sums.plus(BigDecimal.valueOf((Long) row.getOrDefault("cost", 0L), 9),
                        BigDecimal.valueOf((Long) row.getOrDefault("output_tokens", 0L)));
            }
        }
        return sums;
    }

    @Test
    void theReportSumsTheLastStateOfEachRollupAndNeverTakesUnknownForNothing() throws IOException {
        Instant day = Instant.parse("2026-11-21T00:00:00Z");
        topics.day(rollup("acme", "fast.a/m", day, 10, 0, "1.250000001"));
        topics.day(rollup("acme", "slow.a/m", day, 5, 2, "0.000000002"));
        topics.day(rollup("omega", "unpriced.a/m", day, 7, 7, "0"));
        topics.day(rollup("omega", "fast.a/m", day.plusSeconds(86_400), 100, 0, "9"));

        CommandLineRunner.Ran ran = run("usage", "report", "--since", "2026-11-21", "--until", "2026-11-22", "--by",
                "tenant", "-o", "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonNode report = JSON.readTree(ran.out());
        assertThat(report.path("usage").findValuesAsText("tenant")).isEqualTo(List.of("acme", "omega"));
        assertThat(report.at("/usage/0/calls").asLong()).isEqualTo(15);
        assertThat(report.at("/usage/0/cost").decimalValue()).isEqualByComparingTo("1.250000003");
        assertThat(report.at("/usage/0/unpriced_calls").asLong()).isEqualTo(2);
        assertThat(report.at("/usage/1/cost").isNull()).isTrue();
        assertThat(report.at("/total/calls").asLong()).isEqualTo(22);

        String table = run("usage", "report", "--since", "2026-11-21", "--by", "tenant,deployment").out();
        assertThat(table.lines()).anyMatch(line -> line.matches("omega +unpriced.a/m +7 .* unknown +7"))
                .anyMatch(line -> line.matches("TOTAL +122 .* 10.250000003 +9"));
        assertThat(run("usage", "report", "--by", "tennant").err()).contains("did you mean \"tenant\"?");
    }

    @Test
    @Tag("issue-6")
    void theReportTellsWhatWasBorrowedOfWhom() throws IOException {
        Instant day = Instant.parse("2026-11-21T00:00:00Z");
        topics.day(rollup("acme", "fast.a/m", day, 1_000, 0, "64"));
        topics.day(served("batch", null, day, 10, "1"));
        topics.day(served("batch", "serving", day, 5, "0.5"));
        topics.day(served("batch", "chat", day, 3, "0.25"));
        topics.day(served("serving", "batch", day.plusSeconds(86_400), 2, "0.125"));

        CommandLineRunner.Ran ran = run("usage", "report", "--since", "2026-11-21", "--by", "pool,lender", "-o",
                "json");
        assertThat(ran.code()).as(ran.err()).isZero();
        JsonNode report = JSON.readTree(ran.out());
        assertThat(report.path("usage").findValuesAsText("pool")).as("first the sums of before pools were told apart")
                .containsExactly("-", "batch", "batch", "batch", "serving");
        assertThat(report.path("usage").findValuesAsText("lender"))
                .containsExactly("-", "-", "chat", "serving", "batch");
        assertThat(report.at("/usage/2/cost").decimalValue()).isEqualByComparingTo("0.25");
        assertThat(report.at("/usage/3/calls").asLong()).isEqualTo(5);
        assertThat(report.at("/usage/3/output_tokens").asLong()).isEqualTo(50);

        String table = run("usage", "report", "--since", "2026-11-21", "--by", "lender").out();
        assertThat(table.lines()).anyMatch(line -> line.matches("- +1010 .* 65.00 +0"))
                .anyMatch(line -> line.matches("serving +5 .* 0.50 +0"))
                .anyMatch(line -> line.matches("TOTAL +1020 .* 65.875 +0"));
    }

    private static UsageRollup served(String pool, @Nullable String lender, Instant day, long calls, String cost) {
        return UsageRollup.newBuilder(rollup("acme", "fast.a/m", day, calls, 0, cost)).setPool(pool).setLender(lender)
                .setOutputTokens(10 * calls).build();
    }

    private static UsageRollup rollup(String tenant, String deployment, Instant day, long calls, long unpriced,
            String cost) {
        return UsageRollup.newBuilder().setFromMillis(day.toEpochMilli())
                .setUntilMillis(day.plusSeconds(86_400).toEpochMilli()).setEnvironment("test").setTenant(tenant)
                .setUseCase("support").setModel("m").setVendor("fast").setDeployment(deployment).setAttempts(calls)
                .setAnswered(calls).setUnpriced(unpriced).setCost(new BigDecimal(cost).setScale(9)).build();
    }
}
