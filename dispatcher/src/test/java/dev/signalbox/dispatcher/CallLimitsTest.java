package dev.signalbox.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How long a call that was not told to have ended may still run. */
@Tag("issue-5")
@Tag("issue-6")
class CallLimitsTest {
    private static CallLimits then(CallLimits before, String deployments) {
        return before.then(ControlDriver.configuration(yaml(deployments)));
    }

    private static CallLimits of(String deployments) {
        return CallLimits.of(ControlDriver.configuration(yaml(deployments)));
    }

    private static String yaml(String deployments) {
        return """
                environment: test
                vendors: { openai: { timeouts: { total: 3m } } }
                pools: { main: { use_cases: [otherwise] } }
                deployments:
                  always/m: { vendor: openai, model_id: m }
                %sroutes: { m: { test: { otherwise: { sequence: [always] } } } }
                """.formatted(deployments.indent(2));
    }

    private static String quick(String total) {
        return "quick/m: { vendor: openai, model_id: m, timeouts: { total: " + total + " } }";
    }

    @Test
    void eachDeploymentGoesByItsOwnLimitOrItsVendors() {
        CallLimits limits = of(quick("20s"));

        assertThat(limits.of("quick/m")).isEqualTo(Duration.ofSeconds(20));
        assertThat(limits.of("always/m")).isEqualTo(Duration.ofMinutes(3));
        assertThat(limits.longest()).isEqualTo(Duration.ofMinutes(3));
    }

    @Test
    void oneThatIsNotConfiguredGoesByTheLongest() {
        assertThat(of(quick("20s")).of("unheard.of/m")).isEqualTo(Duration.ofMinutes(3));
        assertThat(CallLimits.UNKNOWN.of("quick/m")).as("no configuration yet").isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void callsThatRunMayStillBeUnderALongerLimitOfBefore() {
        CallLimits shorter = then(of(quick("7m")), quick("20s"));
        assertThat(shorter.of("quick/m")).isEqualTo(Duration.ofMinutes(7));
        assertThat(shorter.of("always/m")).as("each for itself").isEqualTo(Duration.ofMinutes(3));
        assertThat(then(shorter, quick("8m")).of("quick/m")).isEqualTo(Duration.ofMinutes(8));

        CallLimits without = then(shorter, "");
        assertThat(without.of("quick/m")).isEqualTo(Duration.ofMinutes(7));
        assertThat(without.own()).as("nothing is kept of it").containsOnlyKeys("always/m");
    }
}
