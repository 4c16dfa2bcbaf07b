package dev.signalbox.config.redundancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.redundancy.LiveState.Peak;
import dev.signalbox.config.redundancy.LiveState.RouteKey;
import dev.signalbox.schemas.PoolName;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-5")
class LiveRedundancyTest {
    private static final long NOW = Duration.ofDays(20_000).toMillis();
    private static final PoolName MAIN = new PoolName("main");
    private static final String YAML = """
            environment: prod
            pools: { main: { use_cases: [otherwise] } }
            deployments:
              openai.a/m: { vendor: openai, model_id: m, limits: { requests_per_minute: 100 } }
              anthropic.b/m: { vendor: anthropic, model_id: m, limits: { requests_per_minute: 300 } }
            routes: { m: { prod: { otherwise: { sequence: [openai.a, anthropic.b] } } } }
            """;

    private static LiveRedundancy.Report assess(String yaml, Set<String> out, double requests, String... called) {
        Configuration configuration = Samples.read(yaml).configuration();
        Map<RouteKey, List<Peak>> demand = requests == 0
                ? Map.of()
                : Map.of(new RouteKey("m/prod/otherwise", MAIN),
                        List.of(new Peak(7, 1, requests / 2, 0, 0), new Peak(28, 1, requests, 0, 0)));
        return LiveRedundancy.assess(configuration,
                new LiveState(out.stream().map(DeploymentName::parse).collect(Collectors.toSet()), demand,
                        Arrays.stream(called).collect(Collectors.toMap(DeploymentName::parse, _ -> NOW)),
                        NOW - Duration.ofDays(31).toMillis(), NOW));
    }

    private static List<String> found(LiveRedundancy.Report report) {
        return report.findings().stream().map(finding -> finding.severity().label() + " " + finding.weakness().label())
                .toList();
    }

    @Test
    void with_all_in_use_and_little_demand_nothing_is_found() {
        LiveRedundancy.Report report = assess(YAML, Set.of(), 50, "openai.a/m", "anthropic.b/m");
        assertThat(found(report)).containsExactly("warning capacity-short");
        assertThat(report.routes()).singleElement().satisfies(route -> {
            assertThat(route.vendors()).containsExactly("anthropic", "openai");
            assertThat(route.isolated()).isTrue();
            assertThat(route.headroom()).hasValueCloseTo(8.0, within(1e-9));
            assertThat(route.worst()).hasValueSatisfying(loss -> {
                assertThat(loss.domain()).isEqualTo("vendor anthropic");
                assertThat(loss.capacityLeft()).hasValueCloseTo(0.25, within(1e-9));
                assertThat(loss.peakServed()).hasValueCloseTo(1.0, within(1e-9));
            });
        });
    }

    @Test
    void what_is_ejected_is_no_redundancy_and_the_finding_says_that_it_is_out() {
        LiveRedundancy.Report report = assess(YAML, Set.of("anthropic.b/m"), 0);
        assertThat(found(report)).contains("critical single-deployment");
        assertThat(report.findings().getFirst().message()).contains("only openai.a/m", "while anthropic.b/m is out");
        assertThat(report.routes().getFirst().out()).extracting(DeploymentName::toString)
                .containsExactly("anthropic.b/m");
    }

    @Test
    void a_route_whose_every_deployment_is_ejected_is_told() {
        LiveRedundancy.Report report = assess(YAML, Set.of("openai.a/m", "anthropic.b/m"), 0);
        assertThat(found(report)).contains("critical all-ejected").doesNotContain("critical nothing-left");
        assertThat(report.findings().getFirst().message()).contains("all of them are tried as a last resort");
    }

    @Test
    void where_only_fallback_models_answer_it_is_a_warning() {
        String yaml = YAML.replace("sequence: [openai.a, anthropic.b]",
                "sequence: [openai.a], fallback_models: [n]").replace("anthropic.b/m: { vendor: anthropic, model_id: m",
                        "anthropic.b/n: { vendor: anthropic, model_id: n")
                .replace("} } } }", "} } }, n: { prod: { otherwise: { sequence: [anthropic.b] } } } }");
        assertThat(found(assess(yaml, Set.of("openai.a/m"), 0))).contains("warning all-ejected");
    }

    @Test
    void headroom_is_what_is_in_use_by_the_longer_peak() {
        assertThat(found(assess(YAML, Set.of(), 150, "openai.a/m", "anthropic.b/m"))).contains(
                "warning peak-not-served").doesNotContain("warning headroom-short");
        LiveRedundancy.Report short_ = assess(YAML, Set.of("anthropic.b/m"), 60, "openai.a/m", "anthropic.b/m");
        assertThat(found(short_)).contains("warning headroom-short");
        assertThat(short_.findings()).filteredOn(finding -> finding.weakness() == Weakness.HEADROOM_SHORT)
                .singleElement().satisfies(finding -> assertThat(finding.message()).contains("1.6 times", "28 days"));
    }

    @Test
    void demand_of_routes_that_share_a_deployment_is_added() {
        String yaml = YAML.replace("otherwise: { sequence: [openai.a, anthropic.b] }",
                "otherwise: { sequence: [openai.a, anthropic.b] }, chat: { sequence: [anthropic.b, openai.a] }")
                .replace("use_cases: [otherwise]", "use_cases: [chat, otherwise]");
        Configuration configuration = Samples.read(yaml).configuration();
        Map<RouteKey, List<Peak>> demand = Map.of(new RouteKey("m/prod/otherwise", MAIN),
                List.of(new Peak(28, 0, 100, 0, 0)), new RouteKey("m/prod/chat", MAIN),
                List.of(new Peak(28, 0, 300, 0, 0)));
        assertThat(LiveRedundancy.assess(configuration, new LiveState(Set.of(), demand, Map.of(), NOW, NOW)).routes())
                .allSatisfy(route -> assertThat(route.headroom()).hasValueCloseTo(1.0, within(1e-9)));
    }

    @Test
    void a_fallback_that_nobody_called_for_the_configured_days_is_told_once_that_is_known() {
        assertThat(found(assess(YAML, Set.of(), 50, "openai.a/m"))).contains("warning fallback-unused");
        assertThat(found(assess(YAML + "alerts: { fallback_unused_days: 32 }\n", Set.of(), 50, "openai.a/m")))
                .doesNotContain("warning fallback-unused");
        assertThat(found(assess(YAML, Set.of(), 0))).doesNotContain("warning fallback-unused");
    }

    @Test
    void a_proxy_may_hide_the_vendor_that_is_there_beside_it() {
        String yaml = YAML.replace("vendor: anthropic,", "vendor: proxy,") + """
                vendors: { proxy: { family: openai, base_url: "https://proxy.example/v1", hides_vendors: true } }
                """;
        LiveRedundancy.Report report = assess(yaml, Set.of(), 0);
        assertThat(found(report)).contains("warning vendors-hidden");
        assertThat(report.routes().getFirst().hidingVendors()).containsExactly("proxy");
    }

    @Test
    void a_domain_is_out_when_several_of_its_deployments_are_and_none_is_well() {
        Configuration configuration = Samples.read(YAML.replace("routes:", """
                  openai.c/m: { vendor: openai, model_id: m, credential: "${env:K}" }
                  openai.d/n: { vendor: openai, model_id: n, credential: "${env:K}" }
                routes:""")).configuration();
        Set<DeploymentName> two = names("openai.a/m", "openai.c/m");
        assertThat(Outages.of(configuration, two, Set.of(), names("anthropic.b/m")))
                .extracting(Outages.Outage::domain).containsExactly("vendor openai");
        assertThat(Outages.of(configuration, two, Set.of(), names("openai.d/n"))).isEmpty();
        assertThat(Outages.of(configuration, names("openai.a/m"), Set.of(), Set.of())).isEmpty();
        assertThat(Outages.of(configuration, Set.of(), names("openai.c/m", "openai.d/n"), names("openai.a/m")))
                .extracting(Outages.Outage::domain).containsExactly("credential ${env:K}");
    }

    private static Set<DeploymentName> names(String... names) {
        return Arrays.stream(names).map(DeploymentName::parse).collect(Collectors.toSet());
    }
}
