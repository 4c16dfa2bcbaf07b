package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.signalbox.config.TopicSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alert rules and the dashboard's expressions, as promtool and the rules' own tests judge them. */
@Tag("issue-5")
@Tag("issue-7")
class MonitoringTest {
    private static Path promtool() {
        return Monitoring.promtool().orElseGet(() -> {
            System.out.println("SKIPPED: no promtool on the PATH (Debian's package prometheus has it): alert rules and "
                    + "dashboard were not checked");
            return abort("no promtool on the PATH");
        });
    }

    @Test
    void promtoolAcceptsTheRulesAndTheirTestsHold() throws Exception {
        Path promtool = promtool();

        assertThat(Monitoring.faults(promtool, "check", "rules",
                Monitoring.PROMETHEUS.resolve("signalbox.rules.yml").toString())).isEmpty();
        assertThat(Monitoring.faults(promtool, "test", "rules",
                Monitoring.PROMETHEUS.resolve("signalbox.rules.test.yml").toString())).isEmpty();
    }

    @Test
    void promtoolAcceptsEveryExpressionOfTheDashboard(@TempDir Path folder) throws Exception {
        Path promtool = promtool();
        StringBuilder rules = new StringBuilder("groups:\n  - name: dashboard\n    rules:\n");
        int number = 0;
        for (Map.Entry<String, String> panel : Monitoring.dashboard().entrySet()) {
            rules.append("      # ").append(panel.getKey()).append("\n      - record: panel").append(number++)
                    .append("\n        expr: '").append(panel.getValue().replace("'", "''")).append("'\n");
        }
        assertThat(number).isGreaterThan(20);
        Path file = Files.writeString(folder.resolve("dashboard.yml"), rules);
        assertThat(Monitoring.faults(promtool, "check", "rules", file.toString())).as(rules.toString()).isEmpty();
    }

    @Test
    void promtoolAcceptsWhatTheAutoscalerAsks(@TempDir Path folder) throws Exception {
        Path promtool = promtool();
        StringBuilder rules = new StringBuilder("groups:\n  - name: scaling\n    rules:\n");
        Monitoring.scaling().forEach((name, query) -> rules.append("      - record: scaling:")
                .append(name.replace('-', '_')).append("\n        expr: '").append(query).append("'\n"));
        Path file = Files.writeString(folder.resolve("scaling.yml"), rules);
        Path tests = Files.writeString(folder.resolve("scaling.test.yml"), """
                rule_files: [scaling.yml]
                evaluation_interval: 1m
                tests:
                  - name: full workers and what is too much for a priority ask for more; vendors that are short do not
                    interval: 1m
                    input_series:
                      - series: 'signalbox_scheduler_in_flight{instance="a",pool="p"}'
                        values: "90x5 20x5"
                      - series: 'signalbox_scheduler_in_flight{instance="b",pool="p"}'
                        values: "100x5 20x5"
                      - series: 'signalbox_scheduler_slots{instance="a",pool="p"}'
                        values: "100x11"
                      - series: 'signalbox_scheduler_slots{instance="b",pool="p"}'
                        values: "100x11"
                      - series: 'signalbox_backlog_oldest_age_seconds{instance="d",pool="p",priority="interactive"}'
                        values: "20x11"
                      - series: 'signalbox_backlog_oldest_age_seconds{instance="d",pool="p",priority="batch"}'
                        values: "36000x11"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="p",priority="interactive"}'
                        values: "15x11"
                      - series: 'signalbox_backlog_capacity_seconds{instance="e",pool="p",priority="interactive"}'
                        values: "14x11"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="p",priority="standard"}'
                        values: "30x11"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="p",priority="batch"}'
                        values: "7200x11"
                      - series: 'signalbox_backlog_requests{instance="d",pool="p",priority="interactive"}'
                        values: "100x11"
                      - series: 'signalbox_backlog_requests{instance="d",pool="p",priority="standard"}'
                        values: "16000x11"
                      - series: 'signalbox_backlog_requests{instance="e",pool="p",priority="standard"}'
                        values: "15000x11"
                      - series: 'signalbox_backlog_requests{instance="d",pool="p",priority="batch"}'
                        values: "100000x11"
                    promql_expr_test:
                      - { expr: 'scaling:slots', eval_time: 4m, exp_samples: [{ labels: 'scaling:slots', value: 0.95 }] }
                      - expr: 'scaling:oldest_age'
                        eval_time: 4m
                        exp_samples: [{ labels: 'scaling:oldest_age', value: 10 }]
                      - { expr: 'scaling:capacity', eval_time: 4m, exp_samples: [{ labels: 'scaling:capacity', value: 3 }] }
                      - { expr: 'scaling:depth', eval_time: 4m, exp_samples: [{ labels: 'scaling:depth', value: 4 }] }
                      - { expr: 'scaling:slots', eval_time: 9m, exp_samples: [{ labels: 'scaling:slots', value: 0.2 }] }
                      - expr: 'scaling:oldest_age'
                        eval_time: 9m
                        exp_samples: [{ labels: 'scaling:oldest_age', value: 0 }]
                      - { expr: 'scaling:capacity', eval_time: 9m, exp_samples: [{ labels: 'scaling:capacity', value: 0 }] }
                      - { expr: 'scaling:depth', eval_time: 9m, exp_samples: [{ labels: 'scaling:depth', value: 0 }] }
                  - name: a pool whose vendors are all out of use, and one of whom nothing is known, hide no other
                    interval: 1m
                    input_series:
                      - series: 'signalbox_scheduler_in_flight{instance="a",pool="p"}'
                        values: "90x5"
                      - series: 'signalbox_scheduler_in_flight{instance="b",pool="down"}'
                        values: "90x5"
                      - series: 'signalbox_scheduler_in_flight{instance="c",pool="short"}'
                        values: "50x5"
                      - series: 'signalbox_scheduler_slots{instance="a",pool="p"}'
                        values: "100x5"
                      - series: 'signalbox_scheduler_slots{instance="b",pool="down"}'
                        values: "100x5"
                      - series: 'signalbox_scheduler_slots{instance="c",pool="short"}'
                        values: "100x5"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="p",priority="batch"}'
                        values: "5400x5"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="down",priority="batch"}'
                        values: "Inf Inf Inf Inf Inf Inf"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="down",priority="standard"}'
                        values: "NaN NaN NaN NaN NaN NaN"
                      - series: 'signalbox_backlog_capacity_seconds{instance="d",pool="short",priority="interactive"}'
                        values: "500x5"
                      - series: 'signalbox_backlog_requests{instance="d",pool="p",priority="batch"}'
                        values: "150000x5"
                      - series: 'signalbox_backlog_requests{instance="d",pool="down",priority="batch"}'
                        values: "NaN NaN NaN NaN NaN NaN"
                      - series: 'signalbox_backlog_requests{instance="d",pool="short",priority="interactive"}'
                        values: "50000x5"
                    promql_expr_test:
                      - expr: 'scaling:capacity'
                        eval_time: 4m
                        exp_samples: [{ labels: 'scaling:capacity', value: 1.5 }]
                      - { expr: 'scaling:depth', eval_time: 4m, exp_samples: [{ labels: 'scaling:depth', value: 1.5 }] }
                """);

        assertThat(Monitoring.faults(promtool, "check", "rules", file.toString())).as(rules.toString()).isEmpty();
        assertThat(Monitoring.faults(promtool, "test", "rules", tests.toString())).isEmpty();
    }

    /** As far as it can be judged without a cluster: what KEDA's ScaledObject asks for, and what this one must not do. */
    @Test
    void theAutoscalerHasTheShapeThatKedaTakes() throws IOException {
        JsonNode object = new YAMLMapper().readTree(Monitoring.KEDA.toFile());
        assertThat(object.path("apiVersion").asText()).isEqualTo("keda.sh/v1alpha1");
        assertThat(object.path("kind").asText()).isEqualTo("ScaledObject");
        assertThat(object.at("/metadata/name").asText()).matches("[a-z0-9-]+");
        JsonNode spec = object.path("spec");
        assertThat(fields(spec)).containsExactlyInAnyOrder("scaleTargetRef", "pollingInterval", "minReplicaCount",
                "maxReplicaCount", "fallback", "advanced", "triggers");
        assertThat(spec.at("/scaleTargetRef/name").asText()).isNotBlank();
        assertThat(spec.path("minReplicaCount").asInt()).isPositive();
        assertThat(spec.path("maxReplicaCount").asInt()).as("no more than the default partitions of a topic")
                .isLessThanOrEqualTo(TopicSettings.DEFAULT.partitions())
                .isGreaterThan(spec.path("minReplicaCount").asInt());
        assertThat(spec.at("/fallback/failureThreshold").isInt()).isTrue();
        assertThat(spec.at("/fallback/replicas").isInt()).isTrue();
        assertThat(fields(spec.at("/advanced/horizontalPodAutoscalerConfig/behavior")))
                .containsExactlyInAnyOrder("scaleUp", "scaleDown");
        assertThat(spec.path("triggers")).hasSize(4).allSatisfy(trigger -> {
            assertThat(trigger.path("type").asText()).isEqualTo("prometheus");
            assertThat(trigger.path("name").asText()).isNotBlank();
            assertThat(trigger.path("metricType").asText()).isEqualTo("Value");
            assertThat(trigger.path("metadata")).as("KEDA takes texts").allMatch(JsonNode::isTextual);
            assertThat(fields(trigger.path("metadata"))).containsExactlyInAnyOrder("serverAddress", "query",
                    "threshold");
            assertThat(Double.parseDouble(trigger.at("/metadata/threshold").asText())).isPositive();
        });
    }

    private static List<String> fields(JsonNode node) {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void everyAlertSaysWhatToDoAndHasATest() throws IOException {
        String tests = Files.readString(Monitoring.PROMETHEUS.resolve("signalbox.rules.test.yml"));
        Map<String, JsonNode> alerts = new LinkedHashMap<>();
        Monitoring.rules().stream().filter(rule -> rule.has("alert"))
                .forEach(rule -> alerts.put(rule.path("alert").asText(), rule));
        assertThat(alerts).hasSizeGreaterThan(10).allSatisfy((name, alert) -> {
            assertThat(name).startsWith("Signalbox");
            assertThat(alert.path("labels").path("severity").asText()).isIn("page", "ticket");
            assertThat(alert.path("annotations").path("summary").asText()).isNotBlank();
            assertThat(alert.path("annotations").path("cure").asText()).hasSizeGreaterThan(30);
        });
        assertThat(alerts.keySet().stream().filter(name -> !tests.contains(name)))
                .as("alerts that no test of the rules names").isEmpty();
    }

    @Test
    void namesAreToldFromWordsLabelsAndFunctions() {
        assertThat(Monitoring.names("sum by (pool, le) (rate(a_total{x=~\"b_c|d\"}[5m])) / on (e) group_left (f) "
                + "(max_over_time(g:h[7d]) > 14.4 * 0.001) and absent(i) unless up == bool 1e3"))
                .containsExactly("a_total", "g:h", "i", "up");
    }
}
