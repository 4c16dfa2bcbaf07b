package dev.signalbox.config.redundancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.signalbox.config.redundancy.RouteRedundancy.Loss;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("issue-3")
class RedundancyTest {
    private static String configuration(String pools, String deployments, String routes, String more) {
        return "environment: prod\npools: {" + pools + "}\ndeployments: {" + deployments + "}\nroutes: {" + routes
                + "}\n" + more;
    }

    private static String main(String deployments, String routes, String more) {
        return configuration("main: { use_cases: [otherwise] }", deployments, routes, more);
    }

    private static String at(String vendor, String more) {
        return "{ vendor: " + vendor + ", model_id: m" + (more.isEmpty() ? "" : ", " + more) + " }";
    }

    private static final String A = "anthropic.a/m: " + at("anthropic", "");
    private static final String O = "openai.o/m: " + at("openai", "");

    @Test
    void two_vendors_are_enough() {
        assertThat(Samples.found(main(A + ", " + O, "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }",
                ""))).isEmpty();
    }

    @Test
    void a_route_that_its_rule_leaves_one_deployment_has_one_only_and_the_cure_is_to_widen_it() {
        RedundancyReport report = Samples.assess(main(A + ", " + O,
                "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o], allow: { vendors: [openai] } } } }", ""));
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.weakness()).isEqualTo(Weakness.SINGLE_DEPLOYMENT);
            assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(finding.cure()).startsWith("widen allow of routes.m.prod.otherwise to let anthropic.a/m serve");
        });
    }

    @Test
    void a_rule_that_leaves_nothing_is_told_as_such() {
        assertThat(Samples.found(main(A,
                "m: { prod: { otherwise: { sequence: [anthropic.a], allow: { vendors: [openai] } } } }", "")))
                .containsExactly("NOTHING_LEFT routes.m.prod.otherwise");
    }

    @Test
    void a_spare_deployment_is_the_first_cure() {
        assertThat(Samples.assess(main(A + ", " + O, "m: { prod: { otherwise: { sequence: [anthropic.a] } } }", ""))
                .findings().getFirst().cure())
                .isEqualTo("add openai.o, which is declared, to sequence of routes.m.prod.otherwise");
    }

    @Test
    void the_narrower_shared_things_of_one_vendor_are_in_its_own_sentence() {
        RedundancyReport report = Samples.assess(main("openai.a/m: " + at("openai", "credential: \"${env:K}\"")
                + ", openai.b/m: " + at("openai", "credential: \"${env:K}\""),
                "m: { prod: { otherwise: { sequence: [openai.a, openai.b] } } }", ""));
        assertThat(report.findings()).singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("vendor openai",
                        "they also share credential ${env:K}"));
    }

    @Test
    void two_vendors_at_one_host_or_behind_one_proxy_have_a_shared_upstream() {
        String routes = "m: { prod: { otherwise: { sequence: [x.a, y.b] } } }";
        String deployments = "x.a/m: " + at("x", "") + ", y.b/m: " + at("y", "");
        assertThat(Samples.found(main(deployments, routes, """
                vendors:
                  x: { family: openai, base_url: "https://gw.example.net/x" }
                  y: { family: openai, base_url: "https://gw.example.net/y" }
                """))).containsExactly("SHARED_UPSTREAM routes.m.prod.otherwise");
        assertThat(Samples.found(main(deployments, routes, """
                vendors:
                  x: { family: openai, base_url: "https://x.example.net/v1", http_proxy: "http://egress:3128" }
                  y: { family: openai, base_url: "https://y.example.net/v1", http_proxy: "http://egress:3128" }
                """))).containsExactly("SHARED_UPSTREAM routes.m.prod.otherwise");
        assertThat(Samples.found(main(deployments, routes, """
                vendors:
                  x: { family: openai, base_url: "http://127.0.0.1:8000/v1" }
                  y: { family: openai, base_url: "http://127.0.0.1:8000/v2" }
                """))).isEmpty();
    }

    @Test
    void a_fallback_model_elsewhere_cures_and_one_that_nothing_serves_does_not() {
        String own = "openai.o/m: " + at("openai", "") + ", anthropic.a/n: " + at("anthropic", "");
        String first = "m: { prod: { otherwise: { sequence: [openai.o], fallback_models: [n] } } }, ";
        assertThat(Samples.found(main(own, first + "n: { prod: { otherwise: { sequence: [anthropic.a] } } }", "")))
                .containsExactly("SINGLE_DEPLOYMENT routes.n.prod.otherwise");
        assertThat(Samples.found(main(own, first
                + "n: { prod: { otherwise: { sequence: [anthropic.a], allow: { regions: [eu] } } } }", "")))
                .containsExactlyInAnyOrder("SINGLE_DEPLOYMENT routes.m.prod.otherwise",
                        "FALLBACK_UNUSABLE routes.m.prod.otherwise", "NOTHING_LEFT routes.n.prod.otherwise");
    }

    @Test
    void a_tenant_whose_rule_leaves_less_is_a_warning_at_his_rule() {
        RedundancyReport report = Samples.assess(main(A + ", " + O,
                "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }",
                "tenants: { acme: { allow: { vendors: [openai] } }, none: { allow: { regions: [mars] } }, all: {} }"));
        assertThat(report.findings()).extracting(f -> f.severity() + " " + f.weakness() + " " + f.spokenPath())
                .containsExactly("WARNING SINGLE_DEPLOYMENT tenants.acme.allow",
                        "WARNING NOTHING_LEFT tenants.none.allow");
        assertThat(report.findings().getFirst().cure()).contains("widen allow of tenants.acme");
        assertThat(report.has(Severity.CRITICAL)).isFalse();
        assertThat(report.has(Severity.WARNING)).isTrue();
    }

    @Test
    void a_pool_that_is_left_less_than_another_is_named() {
        RedundancyReport report = Samples.assess(configuration(
                "high: { use_cases: [chat] }, low: { use_cases: [otherwise] }",
                "anthropic.a/m: " + at("anthropic", "pools: { high: 60%, low: 40% }") + ", openai.o/m: "
                        + at("openai", "pools: high"),
                "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }", ""));
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.message()).startsWith("pool low: only anthropic.a/m");
            assertThat(finding.cure()).startsWith("give low a part in pools of deployments.\"openai.o/m\"");
        });
        assertThat(report.routes()).hasSize(2);
    }

    @Test
    void a_pool_that_was_kept_from_a_model_on_purpose_is_no_finding() {
        assertThat(Samples.found(configuration("high: { use_cases: [chat] }, low: { use_cases: [otherwise] }",
                "anthropic.a/m: " + at("anthropic", "pools: low") + ", openai.o/m: " + at("openai", "pools: low"),
                "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }", ""))).isEmpty();
    }

    @Test
    void capacity_left_is_by_limits_and_shares_and_judged_by_the_wanted_headroom() {
        String deployments = "anthropic.a/m: "
                + at("anthropic", "limits: { concurrency: 60, requests_per_minute: 100 }, pools: { main: 50% }")
                + ", openai.o/m: "
                + at("openai", "limits: { concurrency: 40, requests_per_minute: 100 }, pools: { main: 100% }");
        String routes = "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }";
        RedundancyReport report = Samples.assess(main(deployments, routes, ""));
        RouteRedundancy row = report.routes().getFirst();
        assertThat(row.capacity().concurrency()).hasValue(70);
        assertThat(row.capacity().inputTokensPerMinute()).isEmpty();
        Loss worst = row.worst().orElseThrow();
        assertThat(worst.domain()).isEqualTo("vendor openai");
        assertThat(worst.left().concurrency()).hasValue(30);
        assertThat(worst.share()).isCloseTo(50.0 / 150, within(1e-9));
        assertThat(report.findings()).singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("vendor openai", "33%", "50%"));
        assertThat(Samples.found(main(deployments, routes, "alerts: { headroom: 3 }"))).isEmpty();
    }

    @Test
    void without_known_limits_capacity_is_not_judged() {
        assertThat(Samples.found(main("anthropic.a/m: " + at("anthropic", "limits: { concurrency: 1 }") + ", " + O,
                "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }", ""))).isEmpty();
    }

    @Test
    void where_no_deployment_is_divided_each_pool_is_without_capacity_of_its_own() {
        assertThat(Samples.found(configuration("high: { use_cases: [chat] }, low: { use_cases: [otherwise] }",
                A + ", " + O, "m: { prod: { otherwise: { sequence: [anthropic.a, openai.o] } } }", "")))
                .containsExactly("POOL_WITHOUT_OWN_CAPACITY pools.high", "POOL_WITHOUT_OWN_CAPACITY pools.low");
    }

    @Test
    void a_region_and_a_declared_domain_of_the_same_name_are_one() {
        assertThat(Samples.found(main(
                "bedrock.b/m: " + at("bedrock", "region: us-east-1") + ", vertex.v/m: "
                        + at("vertex", "region: us-east5, failure_domains: [aws.us-east-1]"),
                "m: { prod: { otherwise: { sequence: [bedrock.b, vertex.v] } } }", "")))
                .containsExactly("SHARED_DOMAIN routes.m.prod.otherwise");
        assertThat(Samples.found(main(
                "bedrock.b/m: " + at("bedrock", "region: us-east-1") + ", vertex.v/m: "
                        + at("vertex", "region: us-east5"),
                "m: { prod: { otherwise: { sequence: [bedrock.b, vertex.v] } } }", ""))).isEmpty();
    }

    @Test
    void a_cure_names_no_fallback_model_at_the_same_vendor_or_that_would_go_round_in_a_circle() {
        String deployments = "openai.o/m: " + at("openai", "") + ", openai.o/near: " + at("openai", "") + ", "
                + "anthropic.a/round: " + at("anthropic", "") + ", anthropic.a/far: " + at("anthropic", "");
        RedundancyReport report = Samples.assess(main(deployments,
                "m: { prod: { otherwise: { sequence: [openai.o] } } }, "
                        + "near: { prod: { otherwise: { sequence: [openai.o] } } }, "
                        + "round: { prod: { otherwise: { sequence: [anthropic.a], fallback_models: [m] } } }, "
                        + "far: { prod: { otherwise: { sequence: [anthropic.a] } } }",
                ""));
        assertThat(report.findings()).filteredOn(finding -> finding.spokenPath().equals("routes.m.prod.otherwise"))
                .singleElement().satisfies(finding -> assertThat(finding.cure())
                        .startsWith("add far to fallback_models of routes.m.prod.otherwise"));
    }

    @Test
    void a_report_never_holds_a_secret() {
        String yaml = main("openai.a/m: " + at("openai", "credential: \"${env:KEY}\""),
                "m: { prod: { otherwise: { sequence: [openai.a] } } }", "");
        assertThat(Samples.assess(yaml).toString()).contains("${env:KEY}").doesNotContain("value of");
    }
}
