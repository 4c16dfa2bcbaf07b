package dev.signalbox.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alert rules and the dashboard's expressions, as promtool and the rules' own tests judge them. */
@Tag("issue-5")
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
