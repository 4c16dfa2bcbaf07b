package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Strategy.Cheapest;
import dev.signalbox.config.Strategy.LatencyBased;
import dev.signalbox.config.Strategy.LoadBalanced;
import dev.signalbox.config.Strategy.One;
import dev.signalbox.config.Strategy.Sequence;
import dev.signalbox.config.Strategy.Weighted;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("issue-2")
class ConfigurationReaderTest {
    @TempDir
    Path folder;

    @BeforeEach
    void keyFile() throws IOException {
        Files.writeString(folder.resolve("bedrock.key"), "bedrock-secret\n");
    }

    private Configuration example() {
        ReadResult result = Samples.read(folder.resolve("signalbox.yaml"), Samples.text("example.yaml"));
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        return ((ReadResult.Valid) result).configuration();
    }

    private static DeploymentName name(String name) {
        return DeploymentName.parse(name);
    }

    private static One one(String name) {
        return new One(name(name));
    }

    @Test
    void the_architectures_example_becomes_pools_in_rank_order() {
        Configuration configuration = example();
        assertThat(configuration.environment()).isEqualTo("us_prod");
        assertThat(configuration.pools()).extracting(pool -> pool.name().value()).containsExactly(
                "conversation-serving", "everything-else");
        Pool first = configuration.pools().getFirst();
        assertThat(first.useCases()).containsExactly("conversation_serving");
        assertThat(first.priorities()).containsOnlyKeys(Priority.INTERACTIVE, Priority.STANDARD)
                .containsEntry(Priority.INTERACTIVE, new Pool.PriorityShare(8, 0.05));
        assertThat(first.borrowsFrom()).containsExactly(new PoolName("everything-else"));
        assertThat(first.lendsIdle()).isFalse();
        assertThat(first.borrowedCallLimit()).isEqualTo(Duration.ofSeconds(60));
        assertThat(configuration.poolOf("conversation_serving")).contains(first);
        assertThat(configuration.poolOf("summaries")).contains(configuration.pools().getLast());
    }

    @Test
    void a_deployments_headers_are_taken_but_not_those_that_a_call_sets_itself() {
        String yaml = """
                environment: prod
                pools: { main: { use_cases: [otherwise] } }
                deployments:
                  anthropic.direct/m: { vendor: anthropic, model_id: m, headers: { anthropic-beta: "a-2025-01-01,b-2025-02-02" } }
                routes: { m: { prod: { otherwise: { sequence: [anthropic.direct] } } } }
                """;
        assertThat(Samples.read(Path.of("a.yaml"), yaml)).isInstanceOfSatisfying(ReadResult.Valid.class,
                valid -> assertThat(valid.configuration().deployments().get(name("anthropic.direct/m")).headers())
                        .containsExactly(Map.entry("anthropic-beta", "a-2025-01-01,b-2025-02-02")));
        for (String name : List.of("X-Api-Key", "authorization", "Content-Length", "Host", "Proxy-Authorization",
                "a b")) {
            assertThat(Samples.read(Path.of("a.yaml"), yaml.replace("anthropic-beta", "\"" + name + "\"")))
                    .isInstanceOfSatisfying(ReadResult.Invalid.class, invalid -> assertThat(invalid.problems())
                            .singleElement().asString().contains("\"" + name + "\" must be the name of a header that"));
        }
        assertThat(Samples.read(Path.of("a.yaml"), yaml.replace("a-2025", "a\\nX-Api-Key: k")))
                .isInstanceOf(ReadResult.Invalid.class);
    }

    @Test
    void deployments_have_their_vendors_urls_secrets_limits_and_timeouts() {
        Map<DeploymentName, Deployment> deployments = example().deployments();
        Deployment direct = deployments.get(name("anthropic.direct/claude-sonnet-4"));
        assertThat(direct.vendor().family()).isEqualTo(VendorFamily.ANTHROPIC);
        assertThat(direct.baseUrl()).isEqualTo(URI.create("https://api.anthropic.com"));
        assertThat(direct.credentials()).containsExactly(new Secret("${env:ANTHROPIC_API_KEY}", "12345"));
        assertThat(direct.limits()).isEqualTo(new Deployment.Limits(OptionalInt.of(400), OptionalInt.of(4000),
                OptionalInt.of(2_000_000), OptionalInt.of(400_000)));
        assertThat(direct.poolShares()).isEqualTo(
                Map.of(new PoolName("conversation-serving"), 0.7, new PoolName("everything-else"), 0.3));
        assertThat(direct.poolShares().keySet()).as("the file's order, which an edit keeps").extracting(PoolName::value)
                .containsExactly("conversation-serving", "everything-else");
        assertThat(direct.failureDomains()).containsExactly("aws.us-east-1");
        assertThat(direct.timeouts()).isEqualTo(CallTimeouts.DEFAULT);

        Deployment bedrock = deployments.get(name("bedrock.us-east-1/claude-sonnet-4"));
        assertThat(bedrock.baseUrl()).isEqualTo(URI.create("https://bedrock-runtime.us-east-1.amazonaws.com"));
        assertThat(bedrock.credentials()).containsExactly(new Secret("${file:bedrock.key}", "bedrock-secret",
                Optional.of(folder.resolve("bedrock.key").toAbsolutePath())));
        assertThat(bedrock.serves(new PoolName("everything-else"))).isTrue();

        Deployment vertex = deployments.get(name("vertex.us-east5/claude-sonnet-4"));
        assertThat(vertex.baseUrl()).isEqualTo(URI.create("https://us-east5-aiplatform.googleapis.com"));
        assertThat(vertex.timeouts()).isEqualTo(new CallTimeouts(Duration.ofSeconds(5), Duration.ofSeconds(60),
                Duration.ofSeconds(20), Duration.ofSeconds(15), Duration.ofMinutes(10)));

        Deployment openai = deployments.get(name("openai.direct/gpt-4.1"));
        assertThat(openai.credentials()).extracting(Secret::value).containsExactly("one", "two");
        assertThat(openai.serves(new PoolName("everything-else"))).isFalse();

        Deployment own = deployments.get(name("vllm.local/gpt-4.1"));
        assertThat(own.baseUrl()).isEqualTo(URI.create("http://127.0.0.1:8123/v1"));
        assertThat(own.vendor().sendsDoneMarker()).isFalse();
        assertThat(own.timeouts().connect()).isEqualTo(Duration.ofMillis(500));
        assertThat(own.throughput()).isEqualTo(Deployment.Throughput.PROVISIONED);
        assertThat(own.capabilities()).isEqualTo(new Deployment.Capabilities(OptionalInt.of(131_072), false, true, true,
                true, false, OptionalInt.empty()));
    }

    @Test
    void routes_resolve_places_and_nest_strategies() {
        Configuration configuration = example();
        Route serving = configuration.route("claude-sonnet-4", "conversation_serving").orElseThrow();
        assertThat(serving.name()).isEqualTo("claude-sonnet-4/us_prod/conversation_serving");
        assertThat(serving.strategy()).isEqualTo(new LatencyBased(List.of(one("vertex.us-east5/claude-sonnet-4"),
                one("anthropic.direct/claude-sonnet-4"), one("bedrock.us-east-1/claude-sonnet-4"))));
        assertThat(serving.fallbackModels()).containsExactly(new Route.FallbackModel("gpt-4.1", Map.of()));
        assertThat(serving.call()).isEqualTo(Route.CallMode.AS_ASKED);
        assertThat(configuration.route("claude-sonnet-4", "summaries").orElseThrow().strategy())
                .isEqualTo(new LoadBalanced(List.of(new Weighted(one("anthropic.direct/claude-sonnet-4"), 70),
                        new Weighted(one("bedrock.us-west-2/claude-sonnet-4"), 30))));
        assertThat(serving.spillAfter()).isZero();
        assertThat(configuration.route("claude-sonnet-4", "nightly").orElseThrow().spillAfter()).isEqualTo(0.375);
        assertThat(configuration.routes().get("claude-sonnet-4").byEnvironment().get("test")).containsOnlyKeys(
                "otherwise");

        Route nested = configuration.route("gpt-4.1", "anything").orElseThrow();
        assertThat(nested.strategy()).isEqualTo(new LoadBalanced(List.of(
                new Weighted(
                        new Sequence(List.of(one("openai.direct/gpt-4.1"),
                                new Cheapest(List.of(one("vllm.local/gpt-4.1"))))),
                        90),
                new Weighted(one("vllm.local/gpt-4.1"), 10))));
        assertThat(nested.strategy().deployments()).containsExactly(name("openai.direct/gpt-4.1"),
                name("vllm.local/gpt-4.1"));
        assertThat(nested.allow()).isEqualTo(new Residency(Set.of("openai", "vllm"), Set.of(), Set.of()));
        assertThat(nested.call()).isEqualTo(Route.CallMode.STREAMED);
        assertThat(nested.hedgeAfter()).contains(Duration.ofMillis(800));
        Map<String, Object> parameters = new HashMap<>();
        parameters.put("temperature", new BigDecimal("0.2"));
        parameters.put("stop", null);
        assertThat(nested.contextWindowFallbacks()).containsExactly(new Route.FallbackModel("claude-sonnet-4",
                parameters, Optional.of(new Route.PromptVariant("chat", "3")), 0.125));
    }

    @Test
    void prices_are_effective_dated_and_exact() {
        PriceTable prices = example().prices();
        DeploymentName gpt = name("openai.direct/gpt-4.1");
        assertThat(prices.version()).isEqualTo("2026-11");
        assertThat(prices.currency()).isEqualTo("USD");
        assertThat(prices.price(gpt, LocalDate.of(2025, 12, 31))).isEmpty();
        assertThat(prices.price(gpt, LocalDate.of(2026, 5, 31)).orElseThrow().input()).isEqualByComparingTo("2");
        assertThat(prices.price(gpt, LocalDate.of(2026, 6, 1)).orElseThrow().cachedInput().orElseThrow())
                .isEqualByComparingTo("0.375");
        assertThat(prices.price(name("vllm.local/gpt-4.1"), LocalDate.of(2026, 6, 1))).isEmpty();
    }

    @Test
    void topics_worker_tenants_use_cases_budgets_and_alerts_are_read() {
        Configuration configuration = example();
        assertThat(configuration.topics().partitions()).isEqualTo(6);
        assertThat(configuration.topics().maxMessageBytes()).isEqualTo(4 << 20);
        assertThat(configuration.topics().requestRetention()).isEqualTo(Duration.ofDays(8));
        assertThat(configuration.worker()).isEqualTo(new WorkerSettings(100, 5_000, 64L << 20));
        assertThat(configuration.tenant("acme").weight()).isEqualTo(2);
        assertThat(configuration.tenant("acme").limits().concurrency()).hasValue(50);
        assertThat(configuration.tenant("other")).isEqualTo(Tenant.ofDefault("other"));
        assertThat(configuration.useCases().get("conversation_serving")).isEqualTo(
                new UseCase("conversation_serving", Optional.of("support"),
                        Optional.of(new UseCase.Objective(0.999, Duration.ofDays(30)))));
        assertThat(configuration.budgets()).containsExactly(new Budget(Budget.Scope.DEPARTMENT, "support",
                new BigDecimal("1000.50"), Budget.Period.DAY, 0.8, Budget.Action.ALERT, Budget.Action.DEMOTE));
        assertThat(configuration.alerts().webhook().orElseThrow().value()).isEqualTo("https://hooks/x");
    }

    @Test
    void what_is_left_out_has_the_defaults_that_the_model_states() {
        ReadResult result = Samples.read(folder.resolve("signalbox.yaml"), Samples.SMALLEST);
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        Configuration configuration = ((ReadResult.Valid) result).configuration();
        assertThat(configuration.environment()).isEqualTo("prod");
        assertThat(configuration.topics()).isEqualTo(TopicSettings.DEFAULT);
        assertThat(configuration.worker()).isEqualTo(WorkerSettings.DEFAULT);
        assertThat(configuration.alerts()).isEqualTo(AlertSettings.DEFAULT);
        Deployment deployment = configuration.deployments().values().iterator().next();
        assertThat(deployment.timeouts()).isEqualTo(CallTimeouts.DEFAULT);
        assertThat(deployment.capabilities()).isEqualTo(Deployment.Capabilities.DEFAULT);
        assertThat(deployment.limits()).isEqualTo(Deployment.Limits.NONE);
        assertThat(configuration.pools().getFirst()).isEqualTo(new Pool(new PoolName("main"), Set.of("otherwise"),
                Map.of(Priority.INTERACTIVE, new Pool.PriorityShare(8, 0.05), Priority.STANDARD,
                        new Pool.PriorityShare(4, 0.05), Priority.BATCH, new Pool.PriorityShare(2, 0.05),
                        Priority.BACKGROUND, new Pool.PriorityShare(1, 0.05)),
                List.of(), false, 0));
    }

    @Test
    void a_tenant_that_states_nothing_is_like_one_that_is_not_named() {
        ReadResult result = Samples.read(folder.resolve("x.yaml"), Samples.SMALLEST + "tenants: { acme: {} }\n");
        assertThat(((ReadResult.Valid) result).configuration().tenants()).containsEntry("acme",
                Tenant.ofDefault("acme"));
    }

    @Test
    @Tag("issue-6")
    void a_tenant_has_of_his_plan_what_he_does_not_say_himself() {
        String yaml = Samples.SMALLEST + """
                plans:
                  gold: { weight: 3, limits: { concurrency: 50, tokens_per_minute: 90000 } }
                  free: { limits: { concurrency: 1 } }
                tenants:
                  acme: { plan: gold }
                  shop: { plan: gold, weight: 5, limits: { concurrency: 80, requests_per_minute: 600 } }
                  home: { plan: free }
                """;
        Configuration configuration = valid(yaml).configuration();
        assertThat(configuration.tenant("acme")).isEqualTo(new Tenant("acme", 3,
                new Tenant.Limits(OptionalInt.of(50), OptionalInt.empty(), OptionalInt.of(90_000)),
                Residency.ANYWHERE));
        assertThat(configuration.tenant("shop")).isEqualTo(new Tenant("shop", 5,
                new Tenant.Limits(OptionalInt.of(80), OptionalInt.of(600), OptionalInt.of(90_000)),
                Residency.ANYWHERE));
        assertThat(configuration.tenant("home").weight()).isEqualTo(1);
        assertThat(configuration.tenant("gold")).as("a plan is no tenant").isEqualTo(Tenant.ofDefault("gold"));
        assertThat(valid(ConfigurationPrinter.yaml(configuration)).configuration()).isEqualTo(configuration);
    }

    @Test
    @Tag("issue-6")
    void a_plan_that_is_not_there_is_told_with_its_cure_and_one_that_nobody_has_too() {
        String yaml = "plans: { gold: { weight: 3 } }\ntenants: { acme: { plan: glod } }\n" + Samples.SMALLEST;
        assertThat(Samples.read(Path.of("x.yaml"), yaml)).isInstanceOfSatisfying(ReadResult.Invalid.class,
                invalid -> assertThat(invalid.problems()).extracting(Problem::toString).containsExactly(
                        "x.yaml:2:26: no plan \"glod\"; declare it under plans, did you mean \"gold\"?"));
        assertThat(valid("plans: { gold: { weight: 3 } }\n" + Samples.SMALLEST).warnings())
                .extracting(Problem::toString).contains("x.yaml:1:10: no tenant has the plan \"gold\"");
    }

    private static ReadResult.Valid valid(String yaml) {
        ReadResult result = Samples.read(Path.of("x.yaml"), yaml);
        assertThat(result).isInstanceOf(ReadResult.Valid.class);
        return (ReadResult.Valid) result;
    }
}
