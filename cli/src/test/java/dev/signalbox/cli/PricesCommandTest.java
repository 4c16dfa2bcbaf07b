package dev.signalbox.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.PriceTable;
import dev.signalbox.config.ReadResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table's form is that of the public one; its models and figures are made up. */
@Tag("issue-5")
class PricesCommandTest {
    private static final String TABLE = """
            {"sample_spec": {"litellm_provider": "one of them", "input_cost_per_token": 0.0, "max_tokens": "text"},
             "large": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06,
                       "output_cost_per_token": 8e-06, "cache_read_input_token_cost": 5e-07},
             "bright-20260101": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-06,
                       "output_cost_per_token": 1.5e-05, "cache_creation_input_token_cost": 3.75e-06,
                       "cache_read_input_token_cost": 3e-07, "input_cost_per_token_above_200k_tokens": 6e-06},
             "eu.bright-v1:0": {"litellm_provider": "bedrock_converse", "input_cost_per_token": 3.3e-06,
                       "output_cost_per_token": 1.65e-05},
             "bedrock/eu-west-1/eu.bright-v1:0": {"litellm_provider": "bedrock", "input_cost_per_token": 3.35e-06,
                       "output_cost_per_token": 1.675e-05},
             "vertex_ai/bright@20260101": {"litellm_provider": "vertex_ai-models", "input_cost_per_token": 3e-06,
                       "output_cost_per_token": 1.5e-05},
             "azure/large-2026": {"litellm_provider": "azure", "input_cost_per_token": 2.2e-06,
                       "output_cost_per_token": 8.8e-06},
             "fast_host/open": {"litellm_provider": "fast_host", "input_cost_per_token": 5.9e-07,
                       "output_cost_per_token": 7.9e-07},
             "given": {"litellm_provider": "openai", "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}}
            """;
    private static final String CONFIGURATION = """
            # Ours.
            environment: prod
            vendors:
              fast-host: { family: openai, base_url: "https://fast.example/v1" }
            prices:   # by hand, so far
              version: hand-1
              deployments:
                openai.direct/large:
                  - { input_per_million: 2.5, output_per_million: 10 }
                own.box/large: { input_per_million: 1, output_per_million: 1 }

            deployments:
              openai.direct/large: { vendor: openai, model_id: large } # the one
              openai.direct/given: { vendor: openai, model_id: given }
              own.box/large: { vendor: fast-host, model_id: unheard-of }
              own.box/open: { vendor: fast-host, model_id: open }
              anthropic.direct/bright: { vendor: anthropic, model_id: bright-20260101 }
              bedrock.eu/bright: { vendor: bedrock, region: eu-west-1, model_id: "eu.bright-v1:0" }
              bedrock.us/bright: { vendor: bedrock, region: us-east-1, model_id: "eu.bright-v1:0" }
              vertex.eu/bright: { vendor: vertex, region: europe-west1, model_id: "bright@20260101" }
              azure.eu/large: { vendor: azure, base_url: "https://ours.openai.azure.com", model_id: our-large }
            pools: { main: { use_cases: [otherwise] } }
            routes:
              large: { prod: { otherwise: { sequence: [openai.direct, own.box, azure.eu] } } }
            """;

    @TempDir
    private Path folder;
    private Path table = Path.of("");
    private Path configuration = Path.of("");

    @BeforeEach
    void files() throws IOException {
        table = Files.writeString(folder.resolve("table.json"), TABLE);
        configuration = Files.writeString(folder.resolve("signalbox.yaml"), CONFIGURATION);
    }

    private CommandLineRunner.Ran run(String... more) {
        String[] arguments = new String[more.length + 5];
        System.arraycopy(
                new String[]{"prices", "import", table.toString(), "--config", configuration.toString()}, 0, arguments,
                0, 5);
        System.arraycopy(more, 0, arguments, 5, more.length);
        return CommandLineRunner.run(arguments);
    }

    private static PriceTable prices(String yaml) {
        return switch (ConfigurationReader.read("printed", yaml, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration().prices();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private static String price(PriceTable prices, String deployment, String day) {
        return prices.price(DeploymentName.parse(deployment), LocalDate.parse(day))
                .map(price -> price.input().toPlainString() + "/" + price.output().toPlainString()
                        + price.cachedInput().map(cost -> "/" + cost.toPlainString()).orElse("")
                        + price.cacheWrite().map(cost -> "/" + cost.toPlainString()).orElse(""))
                .orElse("unknown");
    }

    @Test
    void pricesOfTheDeploymentsHoldFromADayOnAndOlderOnesStay() {
        CommandLineRunner.Ran ran = run("--from", "2026-11-01", "--map", "azure.eu/large=azure/large-2026");

        assertThat(ran.code()).as(ran.err()).isZero();
        PriceTable prices = prices(ran.out());
        assertThat(price(prices, "openai.direct/large", "2026-10-31")).isEqualTo("2.5/10");
        assertThat(price(prices, "openai.direct/large", "2026-11-01")).isEqualTo("2/8/0.5");
        assertThat(price(prices, "anthropic.direct/bright", "2026-11-01")).isEqualTo("3/15/0.3/3.75");
        assertThat(price(prices, "anthropic.direct/bright", "2026-10-31")).isEqualTo("unknown");
        assertThat(price(prices, "bedrock.eu/bright", "2026-11-01")).as("by region").isEqualTo("3.35/16.75");
        assertThat(price(prices, "bedrock.us/bright", "2026-11-01")).isEqualTo("3.3/16.5");
        assertThat(price(prices, "vertex.eu/bright", "2026-11-01")).isEqualTo("3/15");
        assertThat(price(prices, "own.box/open", "2026-11-01")).isEqualTo("0.59/0.79");
        assertThat(price(prices, "azure.eu/large", "2026-11-01")).as("mapped").isEqualTo("2.2/8.8");
        assertThat(prices.version()).startsWith("litellm-2026-11-01-").hasSize("litellm-2026-11-01-".length() + 8);
    }

    @Test
    void whatTheTableDoesNotKnowIsToldWithItsCureAndNeverFree() {
        CommandLineRunner.Ran ran = run("--from", "2026-11-01");

        PriceTable prices = prices(ran.out());
        assertThat(price(prices, "openai.direct/given", "2026-11-01")).isEqualTo("unknown");
        assertThat(price(prices, "azure.eu/large", "2026-11-01")).isEqualTo("unknown");
        assertThat(price(prices, "own.box/large", "2026-11-01")).isEqualTo("1/1");
        assertThat(ran.err()).contains(
                "openai.direct/large: 2.5 in, 10 out -> 2 in, 8 out, 0.5 cached from 2026-11-01",
                "vertex.eu/bright: unknown -> 3 in, 15 out",
                "openai.direct/given: its cost stays unknown: the table's \"given\" has no price per input token",
                "azure.eu/large: its cost stays unknown: the table has none of \"azure/our-large\"",
                "--map azure.eu/large=KEY", "own.box/large: keeps its price",
                "anthropic.direct/bright: the table has other prices for long prompts",
                "6 of 9 deployments are in the table, 6 prices changed");
    }

    @Test
    void theRestOfTheFileKeepsEachLetterAndASecondImportChangesNothing() throws IOException {
        assertThat(run("--from", "2026-11-01", "--out", configuration.toString()).code()).isZero();

        String written = Files.readString(configuration);
        assertThat(written).startsWith(CONFIGURATION.substring(0, CONFIGURATION.indexOf("prices:")))
                .endsWith(CONFIGURATION.substring(CONFIGURATION.indexOf("\ndeployments:")));
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactlyInAnyOrder(table, configuration);
        }
        CommandLineRunner.Ran again = run("--from", "2026-12-01");
        assertThat(again.out()).isEqualTo(written);
        assertThat(again.err()).contains("0 prices changed; prices.version is litellm-2026-11-01-");
    }

    @Test
    void aFileWithoutPricesGetsThemAtItsEnd() throws IOException {
        String without = CONFIGURATION.substring(0, CONFIGURATION.indexOf("prices:"))
                + CONFIGURATION.substring(CONFIGURATION.indexOf("deployments:\n  openai"));
        Files.writeString(configuration, without);

        CommandLineRunner.Ran ran = run("--from", "2026-11-01", "--prices-version", "november");
        assertThat(ran.out()).startsWith(without);
        assertThat(prices(ran.out()).version()).isEqualTo("november");
    }

    @Test
    void badInputIsNamedWithItsPlace() throws IOException {
        assertThat(run("--from", "soon").err()).contains("--from \"soon\" is no day");
        assertThat(run("--map", "azure.eu/small=x").err()).contains("azure.eu/small", "is no deployment");
        assertThat(run("--map", "azure.eu/large=x").err()).contains("the table has no \"x\"");
        Files.writeString(table, "{\"a\": ");
        assertThat(run().err()).contains("table.json:1:", "is no JSON");
        Files.writeString(table, "{\"a\": {}}");
        assertThat(run().code()).isEqualTo(2);
        Files.delete(table);
        assertThat(run().err()).contains("no such file");
        Files.writeString(table = folder.resolve("table.json"), TABLE);
        Files.writeString(configuration, CONFIGURATION.replace("version: hand-1", "currency: EUR"));
        assertThat(run().err()).contains("prices.currency is EUR");
    }
}
